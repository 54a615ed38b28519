import type { LfsConfig } from '../config.js';

/** By which name the tables know the place where this process keeps objects: nodes that share it share its rows. */
export const storeName = ({
  ANTIPODE_NODE,
  LFS_STORE,
  LFS_S3_BUCKET,
  LFS_S3_PREFIX,
}: Pick<LfsConfig, 'ANTIPODE_NODE' | 'LFS_STORE' | 'LFS_S3_BUCKET' | 'LFS_S3_PREFIX'>): string =>
  // No node's name has a colon.
  LFS_STORE === 's3' ? `s3:${LFS_S3_BUCKET}/${LFS_S3_PREFIX}` : ANTIPODE_NODE;
