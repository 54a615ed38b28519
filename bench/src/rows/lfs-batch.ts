import { recordBatch } from '../lfs/record-batch.js';
import type { LfsSite } from '../lfs/lfs-site.js';
import { totalSeconds } from '../measure/cpu-meter.js';
import { inTurns } from '../measure/in-turns.js';
import { meteredLoad } from '../measure/metered-load.js';
import { spreadOf } from '../measure/spread.js';
import type { Subject } from '../subject.js';
import { complain, mapSides } from './no-op.js';
import { rowOf, type Row } from './row.js';

/** As many as git-lfs asks for at once. */
const OBJECTS = 100;

/** "Where can I have these hundred?", of objects that are all here; the primary is asked the same. */
export async function lfsBatchRows(site: LfsSite): Promise<Row[]> {
  site.say(`batch of ${OBJECTS} large files …`);
  const files = Object.fromEntries(
    Array.from({ length: OBJECTS }, (_, i) => [`${i}.bin`, { seed: `small large file ${i}`, size: 10_000 }]),
  );
  const { path } = await site.house.publishLarge('bench-many', files);
  const subjects = { baseline: site.house.primarySubject, mirror: site.house.subject };
  const exchanges = {
    baseline: await recordBatch(subjects.baseline, path, site.scratch),
    mirror: await recordBatch(subjects.mirror, path, site.scratch),
  };
  const { runs, batchSeconds } = site.plan.lfs;
  const load = (seconds: number) => (subject: Subject) =>
    meteredLoad(site.generator, subject, {
      exchange: exchanges[subject.name],
      clients: 1,
      until: { seconds },
    });
  const what = `batch of ${OBJECTS} objects that are here (the simulated primary against the mirror)`;
  await inTurns(subjects, 1, load(1));
  const loads = await inTurns(subjects, runs, load(batchSeconds));
  complain(what, loads);
  const direction = 'mirror ÷ baseline';
  return [
    rowOf(
      `${what}: time`,
      'ms',
      mapSides(loads, ({ exchangeMs }) => spreadOf(exchangeMs).median),
      { direction },
    ),
    rowOf(
      `${what}: server CPU each`,
      'ms',
      mapSides(loads, ({ cpu, exchanges }) => (totalSeconds(cpu) * 1000) / exchanges),
      { direction },
    ),
  ];
}
