import { copyObjects, gitOk, missingObjects } from '@antipode/git-process';
import type { Snapshot } from '@antipode/mirror-disk';
import { listPins, notePins, pinName, pinsEndMs } from './pins.js';
import { tipsOf, type RefState } from './ref-state.js';

export interface CarryPins {
  readonly from: string;
  readonly to: string;
  /** What readers see now, in `from`, and what they are about to see, in `to`. */
  readonly published: Snapshot | undefined;
  readonly refs: RefState;
  /** Until when (seconds since 1970) tips that `refs` drops stay. */
  readonly pinnedUntil: number;
  readonly signal: AbortSignal;
}

/**
 * Takes pins along into a clone that is to replace another, with the objects that the primary no longer shows.
 *
 * @throws AntipodeError where the old one has them no longer.
 */
export async function carryPins({
  from,
  to,
  published,
  refs,
  pinnedUntil,
  signal,
}: CarryPins): Promise<void> {
  const kept = tipsOf(refs);
  const pins = await listPins(from);
  for (const oid of published ? tipsOf(published) : [])
    if (!kept.has(oid)) pins.set(pinName(pinnedUntil, oid), oid);
  if (pins.size === 0) return;
  const oids = [...new Set(pins.values())];
  const missing = await missingObjects(to, oids);
  if (missing.length > 0) {
    const absent = new Set(await missingObjects(from, [...kept]));
    const known = [...kept].filter((oid) => !absent.has(oid));
    await copyObjects({ from, to, oids: missing, known, signal });
  }
  const input = [...pins].map(([name, oid]) => `update ${name} ${oid}\n`).join('');
  await gitOk(to, { args: ['update-ref', '--no-deref', '--stdin'], input, signal });
  await notePins(to, Math.min(pinnedUntil, ((await pinsEndMs(from)) ?? Infinity) / 1000));
}
