const FIRST_MS = 10_000;
const LONGEST_MS = 3_600_000;
const JITTER = 0.2;
/** From when the event was written down. */
const GIVE_UP_AFTER_MS = 86_400_000;

/** When a delivery is tried again after so many attempts; null where it no longer is. @param random 0..1 */
export function nextAttempt(
  { attempts, createdAt }: { readonly attempts: number; readonly createdAt: Date },
  now = Date.now(),
  random = Math.random(),
): Date | null {
  const pause = Math.min(FIRST_MS * 2 ** Math.min(attempts - 1, 20), LONGEST_MS);
  const at = now + pause * (1 + JITTER * (2 * random - 1));
  return at - createdAt.getTime() > GIVE_UP_AFTER_MS ? null : new Date(at);
}
