import { performance } from 'node:perf_hooks';
import type { LoadJob, LoadResult } from './load-job.js';
import { replay } from './replay-client.js';
import { downloadAll, type DownloadJob } from './swallow.js';

// A process of its own: what the clients cost must be no part of what the servers cost, and must not wait for the
// bench's own bookkeeping.
process.on('message', (job: LoadJob | DownloadJob) => {
  const work = 'exchange' in job ? carryOut(job) : downloadAll(job);
  work.then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

async function carryOut(job: LoadJob): Promise<LoadResult> {
  const begun = performance.now();
  const tallies = await Promise.all(Array.from({ length: job.clients }, () => replay(job)));
  const failures: Record<string, number> = {};
  for (const tally of tallies) {
    for (const [word, count] of Object.entries(tally.failures))
      failures[word] = (failures[word] ?? 0) + count;
  }
  const sum = (pick: 'exchanges' | 'requests' | 'bytes'): number =>
    tallies.reduce((total, tally) => total + tally[pick], 0);
  return {
    seconds: (performance.now() - begun) / 1000,
    exchanges: sum('exchanges'),
    requests: sum('requests'),
    bytes: sum('bytes'),
    exchangeMs: tallies.flatMap((tally) => tally.exchangeMs),
    firstByteMs: tallies.flatMap((tally) => tally.firstByteMs),
    failures,
  };
}
