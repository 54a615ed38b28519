import { AntipodeError } from '@antipode/errors';
import type { BlobStore } from './blob-store.js';
import { incomingFolder } from './directory-layout.js';
import { DirectoryStore } from './directory-store.js';
import type { RoomOptions } from './room.js';
import type { S3Place } from './s3/s3-place.js';
import type { BlobStoreConfig } from './settings.js';

/**
 * The store that the settings name; it has to be opened.
 *
 * @param root a local folder: of the blobs, or of what is on its way to the bucket.
 * @throws AntipodeError `invalid` where settings are missing.
 */
export async function createBlobStore(root: string, config: BlobStoreConfig): Promise<BlobStore> {
  const room: RoomOptions = {
    keepFreeBytes: config.LFS_KEEP_FREE_MIB * 1024 ** 2,
    ...(config.LFS_MAX_GIB > 0 ? { maxBytes: config.LFS_MAX_GIB * 1024 ** 3 } : {}),
  };
  if (config.LFS_STORE === 'directory') return new DirectoryStore({ root, ...room });
  const place = s3Place(config);
  // The SDK is large, and whoever keeps a directory, or only reads one, does without it.
  const { S3Store } = await import('./s3/s3-store.js');
  return new S3Store({ place, incomingFolder: incomingFolder(root), ...room });
}

function s3Place(config: BlobStoreConfig): S3Place {
  const { LFS_S3_BUCKET: bucket, LFS_S3_KEY_ID: id, LFS_S3_SECRET_FILE: secretFile } = config;
  if (bucket === undefined) throw missing('LFS_S3_BUCKET');
  if ((id === undefined) !== (secretFile === undefined))
    throw missing(id === undefined ? 'LFS_S3_KEY_ID' : 'LFS_S3_SECRET_FILE');
  const { LFS_S3_ENDPOINT: endpoint, LFS_S3_PUBLIC_ENDPOINT: publicEndpoint } = config;
  return {
    bucket,
    prefix: config.LFS_S3_PREFIX,
    region: config.LFS_S3_REGION,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(publicEndpoint === undefined ? {} : { publicEndpoint }),
    addressing: config.LFS_S3_ADDRESSING ?? (endpoint === undefined ? 'virtual-host' : 'path'),
    ...(id !== undefined && secretFile !== undefined ? { key: { id, secretFile } } : {}),
  };
}

const missing = (setting: string): AntipodeError =>
  new AntipodeError(
    'invalid',
    'reading the settings of the object storage',
    { setting },
    { hint: `${setting} is missing.` },
  );
