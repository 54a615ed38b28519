/** Injection token of the settings. */
export const LFS_CONFIG = Symbol('LFS_CONFIG');
