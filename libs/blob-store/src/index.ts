export { type Blob, type BlobStore, type ByteRange } from './blob-store.js';
export { DirectoryStore, type DirectoryStoreOptions } from './directory-store.js';
