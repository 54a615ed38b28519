import type { LfsAction } from '@antipode/lfs-wire';

/** Where the primary does not say: it is asked again when it refuses. */
const UNSAID_MS = 600_000;

/**
 * How long a link of the primary's is good, in milliseconds from now on; 0 or less where it is over.
 *
 * Spec: git-lfs docs/api/batch.md: `expires_in` is preferred to `expires_at`.
 */
export function linkLifeMs({ expires_in, expires_at }: LfsAction, nowMs: number): number {
  if (expires_in !== undefined && expires_in > 0) return expires_in * 1000;
  const at = expires_at === undefined ? NaN : Date.parse(expires_at);
  // Servers that mean "never" write the year 1.
  return Number.isNaN(at) || at < 0 ? UNSAID_MS : at - nowMs;
}
