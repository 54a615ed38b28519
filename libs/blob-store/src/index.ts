export { type Blob, type BlobStore, type ByteRange } from './blob-store.js';
export { createBlobStore } from './create-blob-store.js';
export { blobPath, openBlob } from './directory-layout.js';
export { DirectoryStore, type DirectoryStoreOptions } from './directory-store.js';
export { blobStoreSettings, type BlobStoreConfig } from './settings.js';
