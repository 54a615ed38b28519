import { Metadata, status as Status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { AntipodeError, isCode, type Code } from '@antipode/errors';

/** Our code travels beside gRPC's status, which is coarser, and is what other programs see. */
const CODE_KEY = 'antipode-code';
/** When to ask again, in the words of HTTP: the one thing of an error's context that its caller can act upon. */
const RETRY_KEY = 'antipode-retry-after';

const STATUS: Record<Code, Status> = {
  invalid: Status.INVALID_ARGUMENT,
  unauthenticated: Status.UNAUTHENTICATED,
  denied: Status.PERMISSION_DENIED,
  not_found: Status.NOT_FOUND,
  conflict: Status.ABORTED,
  too_large: Status.INVALID_ARGUMENT,
  unsupported: Status.UNIMPLEMENTED,
  too_many_failures: Status.RESOURCE_EXHAUSTED,
  not_connected: Status.FAILED_PRECONDITION,
  busy: Status.RESOURCE_EXHAUSTED,
  timed_out: Status.DEADLINE_EXCEEDED,
  cancelled: Status.CANCELLED,
  primary_unavailable: Status.UNAVAILABLE,
  primary_limited: Status.UNAVAILABLE,
  primary_misbehaved: Status.UNAVAILABLE,
  service_unavailable: Status.UNAVAILABLE,
  mirror_damaged: Status.DATA_LOSS,
  disk_full: Status.RESOURCE_EXHAUSTED,
  internal: Status.INTERNAL,
};

/** What a status without our code means: it was made by gRPC itself. */
const CODE: Partial<Record<Status, Code>> = {
  [Status.CANCELLED]: 'cancelled',
  [Status.DEADLINE_EXCEEDED]: 'timed_out',
  [Status.UNAVAILABLE]: 'service_unavailable',
  [Status.UNIMPLEMENTED]: 'unsupported',
};

/** The answer that a caller gets for a failure: code and, for a person, the hint; never context (but `retryAfter`) or cause. */
export function writeStatus(error: AntipodeError): Partial<StatusObject> {
  const metadata = new Metadata();
  metadata.set(CODE_KEY, error.code);
  const { retryAfter } = error.context;
  if (typeof retryAfter === 'string' && SENDABLE.test(retryAfter)) metadata.set(RETRY_KEY, retryAfter);
  return { code: STATUS[error.code], details: error.hint ?? error.message, metadata };
}

/** Seconds or a date: nothing else belongs there. */
const SENDABLE = /^[\w ,:+-]{1,64}$/;

/** The failure of a call to a neighbour, as our own error. */
export function readStatus(error: ServiceError, method: string): AntipodeError {
  const [told] = error.metadata?.get(CODE_KEY) ?? [];
  const [retryAfter] = error.metadata?.get(RETRY_KEY) ?? [];
  const ours = isCode(told);
  const code = ours ? told : (CODE[error.code] ?? 'internal');
  return new AntipodeError(
    code,
    `calling ${method}`,
    { status: error.code, ...(retryAfter === undefined ? {} : { retryAfter: String(retryAfter) }) },
    { cause: error, ...(ours ? { hint: error.details } : {}) },
  );
}
