import { z } from 'zod';

const baseUrl = z.url({ protocol: /^https?$/ });

/** Settings of the service that keeps LFS objects. */
export const blobStoreSettings = {
  /** Where they are kept: in <data>/lfs, or in a bucket of an S3. */
  LFS_STORE: z.enum(['directory', 's3']).default('directory'),
  /** So much of the disk stays free, in MiB; what would not fit is passed through instead of kept. */
  LFS_KEEP_FREE_MIB: z.coerce.number().int().min(0).default(1024),
  /** No more than this is kept; 0: as much as fits. */
  LFS_MAX_GIB: z.coerce.number().min(0).default(0),
  LFS_S3_BUCKET: z.string().min(3).max(255).optional(),
  /** What keys begin with. */
  LFS_S3_PREFIX: z.string().max(512).default(''),
  LFS_S3_REGION: z.string().min(1).default('us-east-1'),
  /** Base URL of an S3 other than Amazon's. */
  LFS_S3_ENDPOINT: baseUrl.optional(),
  /** How clients reach the same S3, where that differs. */
  LFS_S3_PUBLIC_ENDPOINT: baseUrl.optional(),
  /** Where the bucket's name stands; as it stands: in the path where an endpoint is named, in the host where not. */
  LFS_S3_ADDRESSING: z.enum(['path', 'virtual-host']).optional(),
  /** Absent: the SDK's own chain (environment, files, web identity, the machine's role). */
  LFS_S3_KEY_ID: z.string().min(1).optional(),
  /** A file that holds the secret of that key and nothing else. */
  LFS_S3_SECRET_FILE: z.string().min(1).optional(),
};

export type BlobStoreConfig = z.infer<z.ZodObject<typeof blobStoreSettings>>;
