import { AntipodeError } from '@antipode/errors';
import type { Snapshot } from '@antipode/mirror-disk';
import { askPrimary, bringObjects } from './bring-objects.js';
import type { MirrorOutcome, MirrorRun } from './mirror-run.js';
import { moveRefs } from './move-refs.js';
import { sameRefs, tipsOf, type RefState } from './ref-state.js';

/**
 * Makes a published mirror repository agree with the primary:
 *
 *   ask ─▶ equal? ─▶ confirm
 *            └─ no ─▶ fetch objects ─▶ bring large files, for a while ─▶ move refs, pin dropped tips
 *                     ─▶ publish snapshot ─▶ confirm
 *
 * Killed anywhere, the next run starts over and converges: until the snapshot is renamed into place, readers see the
 * epoch before. `confirmed` gets the time before the question, never a later one.
 *
 * @throws AntipodeError of the step that failed; what is published stays as it was.
 */
export async function syncMirror(run: MirrorRun): Promise<MirrorOutcome> {
  const published = await run.disk.readSnapshot(run.id);
  if (!published)
    throw new AntipodeError('mirror_damaged', 'syncing a mirror that has no snapshot', { id: run.id });
  const first = await askPrimary(run);
  if (sameRefs(first.refs, published)) return confirm(run, published, first.askedAtMs);
  run.onWork();
  const repository = run.disk.repositoryPath(run.id);
  const brought = await bringObjects(run, repository, { first, known: tipsOf(published) });
  await run.bringLfs({ repository, refs: brought.refs, published }, brought.receivedBytes);
  if (run.signal.aborted) throw new AntipodeError('cancelled', 'syncing a mirror');
  run.onProgress({ step: 'publishing', percent: 0, receivedBytes: brought.receivedBytes });
  await publish(run, published, brought.refs);
  await run.writer.confirm(run.id, brought.askedAtMs);
  return {
    kind: 'updated',
    epoch: published.epoch + 1,
    confirmedAtMs: brought.askedAtMs,
    receivedBytes: brought.receivedBytes,
    change: { from: published, to: brought.refs },
  };
}

async function confirm(run: MirrorRun, { epoch }: Snapshot, askedAtMs: number): Promise<MirrorOutcome> {
  await run.writer.confirm(run.id, askedAtMs);
  return { kind: 'unchanged', epoch, confirmedAtMs: askedAtMs, receivedBytes: 0 };
}

async function publish(run: MirrorRun, published: Snapshot, refs: RefState): Promise<void> {
  await moveRefs(run.disk.repositoryPath(run.id), {
    from: published,
    to: refs,
    pinnedUntil: Date.now() / 1000 + run.pinSeconds,
  });
  await run.writer.publish(run.id, { ...refs, epoch: published.epoch + 1 });
}
