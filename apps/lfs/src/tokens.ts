/** Injection token of the settings. */
export const LFS_CONFIG = Symbol('LFS_CONFIG');

/** Injection token of the `BlobStore` that keeps the objects. */
export const BLOBS = Symbol('BLOBS');

/** Injection token of the `Primary`. */
export const PRIMARY = Symbol('PRIMARY');
