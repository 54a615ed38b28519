import { isCode, isRefusal } from '@antipode/errors';

/** How often the webhook on the primary is looked at, and put right: somebody may have changed or deleted it. */
const CHECK_EVERY_MS = 10 * 60_000;
/** A refusal rarely goes away by itself, and asking costs quota. */
const CHECK_REFUSED_EVERY_MS = 60 * 60_000;
/** Whoever did not answer may do so soon. */
const CHECK_FAILED_EVERY_MS = 60_000;

/** How long to wait after a look at the webhook, in milliseconds. @param errorCode null where it went well */
export function pauseAfter(errorCode: string | null): number {
  if (errorCode === null) return CHECK_EVERY_MS;
  return isRefusedWith(errorCode) ? CHECK_REFUSED_EVERY_MS : CHECK_FAILED_EVERY_MS;
}

/** Whether a look that failed so was answered with a no, which says something of the webhook. */
export const isRefusedWith = (errorCode: string): boolean => isCode(errorCode) && isRefusal(errorCode);
