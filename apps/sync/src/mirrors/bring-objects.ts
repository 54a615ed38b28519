import { setTimeout as sleep } from 'node:timers/promises';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import { fetchObjects } from '@antipode/git-process';
import type { SyncProgress } from '@antipode/domain';
import { asSyncProgress, type MirrorRun } from './mirror-run.js';
import { sameRefs, tipsOf, type RefState } from './ref-state.js';

/** The primary's refs of one moment, all of whose objects are in the repository. */
export interface Brought {
  readonly refs: RefState;
  /** When the question was asked to which `refs` is the answer (ms since 1970). */
  readonly askedAtMs: number;
  readonly receivedBytes: number;
}

const ROUNDS = 5;
const BETWEEN_ROUNDS_MS = 100;

/** Asks the primary for its refs, and notes the time before: only for that moment is the answer known to be true. */
export async function askPrimary(run: MirrorRun): Promise<{ refs: RefState; askedAtMs: number }> {
  const askedAtMs = Date.now();
  run.onAsk(askedAtMs);
  return { refs: await run.ask(), askedAtMs };
}

/**
 * Fetches what the primary's refs need, into `repository`, moving no ref.
 *
 * A tip that the primary dropped between question and fetch makes the fetch fail: then both are asked anew, so that
 * what is published is always the answer to one question, never a mixture of two moments.
 *
 * @param known tips whose objects are already here, whole.
 * @throws AntipodeError what the fetch threw, once asking again gives the same refs.
 */
export async function bringObjects(
  run: MirrorRun,
  repository: string,
  { first, known }: { first: { refs: RefState; askedAtMs: number }; known: ReadonlySet<string> },
): Promise<Brought> {
  let asked = first;
  for (let round = 1; ; round += 1) {
    try {
      return { ...asked, receivedBytes: await fetchMissing(run, repository, { refs: asked.refs, known }) };
    } catch (error) {
      if (round === ROUNDS || !mayBeARace(error)) throw error;
      await sleep(BETWEEN_ROUNDS_MS * round, undefined, { signal: run.signal }).catch(() => undefined);
      if (run.signal.aborted) throw new AntipodeError('cancelled', 'fetching from the primary');
      const again = await askPrimary(run);
      if (sameRefs(again.refs, asked.refs) && round > 1) throw error;
      asked = again;
    }
  }
}

const mayBeARace = (error: unknown): boolean =>
  isAntipodeError(error) && error.code === 'primary_unavailable';

async function fetchMissing(
  run: MirrorRun,
  repository: string,
  { refs, known }: { refs: RefState; known: ReadonlySet<string> },
): Promise<number> {
  const oids = [...tipsOf(refs)].filter((oid) => !known.has(oid));
  if (oids.length === 0) return 0;
  let latest: SyncProgress | undefined;
  const authorization = await run.authorization();
  return run.whenThereIsRoom(async () => {
    const { receivedBytes } = await fetchObjects({
      repository,
      url: run.url,
      authorization,
      oids,
      stallMs: run.stallMs,
      signal: run.signal,
      onProgress: (progress) => {
        latest = asSyncProgress(progress, latest);
        run.onProgress(latest);
      },
    });
    return receivedBytes;
  });
}
