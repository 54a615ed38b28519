import { S3ServiceException } from '@aws-sdk/client-s3';
import { AntipodeError, isAntipodeError, type Code } from '@antipode/errors';
import { FULL, TOO_LARGE } from '../room.js';

interface Meaning {
  readonly code: Code;
  readonly hint: string;
}

const NO_BUCKET = cannot('lacks its bucket');
const REFUSED = cannot('refuses the key of the mirror');
const ELSEWHERE = cannot('is in another region than the mirror thinks');
const DIFFERENT: Meaning = { code: 'invalid', hint: 'The LFS object changed on its way into the storage.' };
const NO_ROOM: Meaning = { code: 'disk_full', hint: FULL };

/** The codes of Amazon's list and of the others' dialects: what to do about each is different. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  NoSuchBucket: NO_BUCKET,
  AccessDenied: REFUSED,
  InvalidAccessKeyId: REFUSED,
  SignatureDoesNotMatch: REFUSED,
  ExpiredToken: REFUSED,
  InvalidToken: REFUSED,
  CredentialsProviderError: cannot('has no key'),
  RequestTimeTooSkewed: cannot('disagrees with the mirror about the time'),
  PermanentRedirect: ELSEWHERE,
  AuthorizationHeaderMalformed: ELSEWHERE,
  BadDigest: DIFFERENT,
  XAmzContentSHA256Mismatch: DIFFERENT,
  XAmzContentChecksumMismatch: DIFFERENT,
  QuotaExceeded: NO_ROOM,
  EntityTooLarge: { code: 'too_large', hint: TOO_LARGE },
  XMinioStorageFull: NO_ROOM,
  XMinioAdminBucketQuotaExceeded: NO_ROOM,
};

const UNREACHED = cannot('does not answer as it should');

function cannot(what: string): Meaning {
  return { code: 'service_unavailable', hint: `The storage for LFS objects ${what}.` };
}

/**
 * What the S3 or the way to it had against us, in our words.
 *
 * @param context names the bucket: whoever reads the log has to find it.
 */
export function s3Failure(error: unknown, doing: string, context: Record<string, unknown>): AntipodeError {
  if (isAntipodeError(error)) return error;
  const { name } = error as Error;
  if (name === 'AbortError') return new AntipodeError('cancelled', doing);
  const status = statusOf(error);
  const meaning = MEANINGS[name] ?? (status === undefined ? undefined : byStatus(status)) ?? UNREACHED;
  const details = { ...context, answer: name, ...(status === undefined ? {} : { status }) };
  return new AntipodeError(meaning.code, doing, details, { cause: error, hint: meaning.hint });
}

/** An answer to HEAD has no body, and so no code. An absent object was told apart before. */
const byStatus = (status: number): Meaning | undefined =>
  ({ 301: ELSEWHERE, 401: REFUSED, 403: REFUSED, 404: NO_BUCKET, 507: NO_ROOM })[status];

export const isAbsent = (error: unknown): boolean =>
  (error as Error).name === 'NoSuchKey' || ((error as Error).name === 'NotFound' && statusOf(error) === 404);

const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
