import { isAntipodeError, type AntipodeError } from '@antipode/errors';
import type { lfs } from '@antipode/contracts';
import type { RepositoryId } from '@antipode/domain';
import type { LargeFiles } from './lfs-client.service.js';

export interface FillProgress {
  /** 0..100, by bytes. */
  readonly percent: number;
  /** Brought since the wait began. */
  readonly bytes: number;
}

/**
 * How a wait for large files ended.
 *
 *   filled       each was tried; what could not be had is missing
 *   bound        the time was over, or somebody ended the wait; the rest comes in the background
 *   away         the LFS service cannot be asked
 */
export type FillEnd =
  | { readonly kind: 'filled'; readonly missing: number }
  | { readonly kind: 'bound' }
  | { readonly kind: 'away'; readonly error: AntipodeError };

/** A timer may fire so much early. */
const TIMER_MS = 20;

/** Waits until a repository's large files are here, or were tried, for at most `longestMs`. Never throws. */
export async function awaitFill(
  files: LargeFiles,
  id: RepositoryId,
  wait: { longestMs: number; signal: AbortSignal; onProgress: (progress: FillProgress) => void },
): Promise<FillEnd> {
  const deadline = performance.now() + wait.longestMs;
  let first: lfs.FollowFillResponse | undefined;
  let latest: lfs.FollowFillResponse | undefined;
  try {
    for await (const state of files.follow(id, wait)) {
      first ??= state;
      latest = state;
      wait.onProgress(progressOf(first, state));
    }
    return { kind: 'filled', missing: latest?.missing ?? 0 };
  } catch (error) {
    if (wait.signal.aborted || performance.now() >= deadline - TIMER_MS) return { kind: 'bound' };
    if (isAntipodeError(error)) return { kind: 'away', error };
    throw error;
  }
}

function progressOf(first: lfs.FollowFillResponse, now: lfs.FollowFillResponse): FillProgress {
  const bytes = Math.max(0, now.presentBytes - first.presentBytes);
  const all = bytes + now.missingBytes;
  return { bytes, percent: all > 0 ? (100 * bytes) / all : 100 };
}
