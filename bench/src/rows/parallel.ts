import { setTimeout as sleep } from 'node:timers/promises';
import { totalSeconds } from '../measure/cpu-meter.js';
import { MemoryCurve, type MemoryKind, type MemorySample } from '../measure/memory-curve.js';
import { meteredLoad, type MeteredLoad } from '../measure/metered-load.js';
import { descendantsNamed } from '../measure/process-times.js';
import type { Side, Subject } from '../subject.js';
import { rowOf, type Row } from './row.js';
import type { Site } from './site.js';
import { verifyClone } from './verify.js';

/** The aim for the edge, whatever the baseline takes. */
export const MEMORY_AIM_BYTES = 300e6;

export interface ParallelResults {
  readonly rows: readonly Row[];
  readonly curves: Readonly<Record<Side, readonly MemorySample[]>>;
  readonly edge: { readonly restBytes: number; readonly peakBytes: number; readonly afterBytes: number };
  /** Answers that asked a client to come back later, by status. */
  readonly refusals: Readonly<Record<Side, Readonly<Record<string, number>>>>;
  readonly answered: number;
}

/** Many full clones at once; at the mirror one real git among them, whose clone is checked object by object. */
export async function parallelRows(site: Site): Promise<ParallelResults> {
  const { clients } = site.plan.parallel;
  site.say(`${clients} full clones at once …`);
  const apache = (site.subjects.baseline.parts[0]?.pids ?? [])[0] ?? 0;
  const edge = await site.house.edgePid();
  const baseline = await herd(site, site.subjects.baseline, 'pss', () => descendantsNamed(apache, 'apache2'));
  const mirror = await herd(
    site,
    site.subjects.mirror,
    'rss',
    () => [edge],
    () => verifyClone(site, site.subjects.mirror),
  );
  const peaks = { baseline: peakOf(baseline.curve), mirror: peakOf(mirror.curve) };
  const direction = 'mirror ÷ baseline';
  const what = `${clients} full clones at once`;
  const one = (value: (side: Herd) => number): Record<Side, number[]> => ({
    baseline: [value(baseline)],
    mirror: [value(mirror)],
  });
  return {
    rows: [
      rowOf(
        `${what}: peak memory of the web server, without git`,
        'MB',
        one((side) => peakOf(side.curve) / 1e6),
        { direction },
      ),
      rowOf(
        `${what}: until the last is done`,
        's',
        one((side) => side.load.seconds),
        { direction },
      ),
      rowOf(
        `${what}: server CPU each`,
        's',
        one((side) => totalSeconds(side.load.cpu) / side.clones),
        { direction },
      ),
    ],
    curves: { baseline: baseline.curve, mirror: mirror.curve },
    edge: {
      restBytes: mirror.curve[0]?.bytes ?? 0,
      peakBytes: peaks.mirror,
      afterBytes: mirror.curve.at(-1)?.bytes ?? 0,
    },
    refusals: { baseline: baseline.load.failures, mirror: mirror.load.failures },
    answered: mirror.clones,
  };
}

interface Herd {
  readonly load: MeteredLoad;
  readonly curve: readonly MemorySample[];
  readonly clones: number;
}

/** Samples before, during and after. */
async function herd(
  site: Site,
  subject: Subject,
  kind: MemoryKind,
  pids: () => readonly number[],
  alongside?: () => Promise<void>,
): Promise<Herd> {
  const curve = new MemoryCurve(kind, pids, kind === 'rss' ? 100 : 500);
  try {
    await sleep(500);
    const [load] = await Promise.all([
      meteredLoad(site.generator, subject, {
        exchange: site.large.exchanges[subject.name].full,
        clients: site.plan.parallel.clients,
        until: { rounds: 1 },
      }),
      alongside?.(),
    ]);
    await sleep(2000);
    return { load, curve: curve.stop(), clones: load.exchanges + (alongside ? 1 : 0) };
  } finally {
    curve.stop();
  }
}

const peakOf = (curve: readonly MemorySample[]): number => Math.max(...curve.map(({ bytes }) => bytes));
