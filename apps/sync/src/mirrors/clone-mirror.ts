import { AntipodeError } from '@antipode/errors';
import { initBare } from '@antipode/git-process';
import { askPrimary, bringObjects } from './bring-objects.js';
import type { MirrorOutcome, MirrorRun } from './mirror-run.js';
import { writeFirstRefs } from './move-refs.js';
import { EMPTY } from './ref-state.js';

/**
 * Brings a repository for the first time, or anew where the one that is here is damaged: everything is built beside,
 * its snapshot included, and renamed into place at the end. Nobody ever meets half a clone.
 *
 * @throws AntipodeError of the step that failed; nothing is left behind.
 */
export async function cloneMirror(run: MirrorRun): Promise<MirrorOutcome> {
  run.onWork();
  const staging = await run.writer.createStaging(run.id);
  try {
    return await build(run, staging);
  } catch (error) {
    await run.writer.discardStaging(staging);
    throw error;
  }
}

async function build(run: MirrorRun, staging: string): Promise<MirrorOutcome> {
  const first = await askPrimary(run);
  await initBare(staging, first.refs.objectFormat);
  const { refs, askedAtMs, receivedBytes } = await bringObjects(run, staging, { first, known: new Set() });
  await run.bringLfs({ repository: staging, refs, published: undefined }, receivedBytes);
  if (run.signal.aborted) throw new AntipodeError('cancelled', 'cloning a mirror');
  run.onProgress({ step: 'publishing', percent: 0, receivedBytes });
  await writeFirstRefs(staging, refs);
  const epoch = run.firstEpoch;
  const replaced = await run.disk.readSnapshot(run.id).catch(() => undefined);
  await run.writer.publishStaged(staging, { snapshot: { ...refs, epoch }, confirmedAtMs: askedAtMs });
  if (run.signal.aborted) throw new AntipodeError('cancelled', 'cloning a mirror');
  await run.writer.commitStaging(run.id, staging);
  const change = { from: replaced ?? EMPTY, to: refs };
  return { kind: 'cloned', epoch, confirmedAtMs: askedAtMs, receivedBytes, change };
}
