/**
 * Every way in which something can end badly, spelled like a fact. Each code has a row in docs/errors.md.
 *
 * Two kinds: a *no* (the caller's question has a negative answer: expected, not alarming) and a
 * *cannot* (we failed to answer: counted, alerted).
 */
export const CODES = [
  // no
  'invalid',
  'unauthenticated',
  'denied',
  'not_found',
  'conflict',
  'too_large',
  'unsupported',
  'too_many_failures',
  'not_connected',
  // cannot
  'busy',
  'timed_out',
  'cancelled',
  'primary_unavailable',
  'primary_limited',
  'primary_misbehaved',
  'service_unavailable',
  'mirror_damaged',
  'disk_full',
  'internal',
] as const;

export type Code = (typeof CODES)[number];

const REFUSALS: ReadonlySet<Code> = new Set<Code>([
  'invalid',
  'unauthenticated',
  'denied',
  'not_found',
  'conflict',
  'too_large',
  'unsupported',
  'too_many_failures',
  'not_connected',
]);

const RETRYABLE: ReadonlySet<Code> = new Set<Code>([
  'busy',
  'timed_out',
  'primary_unavailable',
  'primary_limited',
  'primary_misbehaved',
  'service_unavailable',
]);

export const isCode = (value: unknown): value is Code => (CODES as readonly unknown[]).includes(value);

/** True for a *no*: the answer would be the same if the caller asked again. */
export const isRefusal = (code: Code): boolean => REFUSALS.has(code);

/** True where the same question may succeed later without anybody changing anything. */
export const retryable = (code: Code): boolean => RETRYABLE.has(code);
