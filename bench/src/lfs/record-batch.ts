import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gitSettings } from '../git-settings.js';
import { recordExchange } from '../load/record-exchange.js';
import type { Exchange } from '../load/recorded.js';
import { run } from '../processes/run.js';
import type { Subject } from '../subject.js';

/** The one batch that a real git-lfs sends to have all the objects of a repository. */
export async function recordBatch(subject: Subject, path: string, scratch: string): Promise<Exchange> {
  const work = join(scratch, 'batch');
  await rm(work, { recursive: true, force: true });
  await run('git', ['clone', '--quiet', '--no-checkout', `${subject.origin}/${path}.git`, work], {
    env: gitSettings(subject.credential),
  });
  const exchange = await recordExchange(subject.origin, (origin) =>
    run('git', ['-C', work, '-c', `remote.origin.url=${origin}/${path}.git`, 'lfs', 'fetch'], {
      env: gitSettings(subject.credential, origin),
    }),
  );
  await rm(work, { recursive: true });
  const [batch, ...more] = exchange;
  if (!batch?.path.endsWith('/objects/batch') || more.length > 0)
    throw new Error(`git-lfs asked ${exchange.map((request) => request.path).join(', ')}, not one batch`);
  return exchange;
}
