import { AntipodeError } from '@antipode/errors';
import { initBare } from '@antipode/git-process';
import { readLfsScanned, writeLfsScanned, type Snapshot } from '@antipode/mirror-disk';
import { askPrimary, bringObjects, type Brought } from './bring-objects.js';
import { carryPins } from './carry-pins.js';
import type { MirrorOutcome, MirrorRun } from './mirror-run.js';
import { writeFirstRefs } from './move-refs.js';
import { EMPTY, tipsOf } from './ref-state.js';

/** A whole clone beside the one that is served, as the primary was when it began. */
export interface ClonedBeside extends Brought {
  readonly staging: string;
}

/**
 * Clones a repository anew beside the one that is served, and is synced, all the while; see `takePlace`.
 *
 * @throws AntipodeError of the step that failed; nothing is left behind.
 */
export async function cloneBeside(run: MirrorRun): Promise<ClonedBeside> {
  const staging = await run.writer.createStaging(run.id);
  try {
    const first = await askPrimary(run);
    await initBare(staging, first.refs.objectFormat);
    return { staging, ...(await bringObjects(run, staging, { first, known: new Set() })) };
  } catch (error) {
    await run.writer.discardStaging(staging);
    throw error;
  }
}

/**
 * Puts a clone in the place of the served one, after it has caught up with what has changed since it was made. Readers
 * that are inside the old one finish there.
 *
 * @param published what readers see now; undefined where that cannot be read any more.
 * @param vacate ends what works in the old one.
 * @throws AntipodeError of the step that failed: the old one is served on.
 */
export async function takePlace(
  run: MirrorRun,
  beside: ClonedBeside,
  { published, vacate }: { published: Snapshot | undefined; vacate: () => Promise<void> },
): Promise<MirrorOutcome> {
  const { staging } = beside;
  const known = tipsOf(beside.refs);
  const { refs, askedAtMs, receivedBytes } = await bringObjects(run, staging, {
    first: await askPrimary(run),
    known,
  });
  // What was noted of the old one's large files need not be noted again: the same objects have the same names.
  const scanned = await readLfsScanned(run.disk.repositoryPath(run.id));
  if (scanned) await writeLfsScanned(staging, scanned);
  await run.bringLfs({ repository: staging, refs, published: undefined }, receivedBytes);
  await writeFirstRefs(staging, refs);
  await carryPins({
    from: run.disk.repositoryPath(run.id),
    to: staging,
    published,
    refs,
    pinnedUntil: Date.now() / 1000 + run.pinSeconds,
    signal: run.signal,
    // A damaged one may have nothing left to carry; most readers never miss it.
  }).catch(() => undefined);
  const epoch = run.firstEpoch;
  await run.writer.publishStaged(staging, { snapshot: { ...refs, epoch }, confirmedAtMs: askedAtMs });
  await vacate();
  if (run.signal.aborted) throw new AntipodeError('cancelled', 'cloning a mirror anew');
  await run.writer.commitStaging(run.id, staging);
  const received = beside.receivedBytes + receivedBytes;
  const change = { from: published ?? EMPTY, to: refs };
  return { kind: 'cloned', epoch, confirmedAtMs: askedAtMs, receivedBytes: received, change };
}
