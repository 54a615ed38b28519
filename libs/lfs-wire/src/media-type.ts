/** What requests and answers of the LFS API are sent as. Spec: git-lfs docs/api/README.md. */
export const LFS_MEDIA_TYPE = 'application/vnd.git-lfs+json';

/** Clients may add parameters ("; charset=utf-8"), and write the type in any case. RFC 9110 §8.3.1. */
export const isLfsMediaType = (header: string | undefined): boolean =>
  header?.split(';')[0]?.trim().toLowerCase() === LFS_MEDIA_TYPE;
