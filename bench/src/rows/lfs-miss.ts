import { askBatch } from '../lfs/ask-batch.js';
import type { LfsSite } from '../lfs/lfs-site.js';
import { inTurns } from '../measure/in-turns.js';
import type { Subject } from '../subject.js';
import { rowOf, type Row } from './row.js';

/** Many clients at once who want an object that only the primary has: how often does that have to send it? */
export async function lfsMissRow(site: LfsSite): Promise<Row> {
  const { runs, clients, missedMegabytes } = site.plan.lfs;
  site.say(`${clients} clients that miss the same large file …`);
  const { path } = await site.house.publishLarge('bench-missed', {});
  const subjects = { baseline: site.house.primarySubject, mirror: site.house.subject };
  let made = 0;
  const downloads = await inTurns(subjects, runs, async (subject: Subject) => {
    made += 1;
    const file = { seed: `missed ${made}`, size: missedMegabytes * 1e6 };
    const object = await site.house.putLarge(path, file);
    const link = await askBatch(subject, path, object);
    const { bytes } = await site.generator.download({ ...link, clients });
    if (bytes !== clients * object.size) throw new Error(`${clients} clients have ${bytes} bytes`);
    return site.house.largeFileDownloads(object.oid);
  });
  return rowOf(
    `${clients} clients that miss the same large file (asking the primary, against the mirror): downloads from the primary`,
    '×',
    downloads,
    { direction: 'mirror ÷ baseline', aim: { atMost: 1 / clients } },
  );
}
