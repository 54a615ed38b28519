import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { gitSettings } from '../git-settings.js';
import { run } from '../processes/run.js';
import type { Subject } from '../subject.js';
import { recordExchange } from './record-exchange.js';
import type { Exchange } from './recorded.js';

/** What git asks a server for, by what the user typed. */
export interface Exchanges {
  /** `git fetch` with nothing new: capabilities, then the refs. */
  readonly noOp: Exchange;
  /** The second half of it alone. */
  readonly lsRefs: Exchange;
  readonly full: Exchange;
  readonly shallow: Exchange;
  readonly blobless: Exchange;
}

/** Lets a real git do each once against this very server, and writes down what it asked. */
export async function recordAll(subject: Subject, path: string, scratch: string): Promise<Exchanges> {
  const env = gitSettings(subject.credential);
  const clone = (name: string, args: readonly string[]): Promise<Exchange> =>
    recordExchange(subject.origin, async (origin) => {
      await rm(join(scratch, name), { recursive: true, force: true });
      await run(
        'git',
        ['clone', '--quiet', '--bare', ...args, `${origin}/${path}.git`, join(scratch, name)],
        { env },
      );
    });
  const full = await clone('full', []);
  const shallow = await clone('shallow', ['--depth=1']);
  const blobless = await clone('blobless', ['--filter=blob:none']);
  const noOp = await recordExchange(subject.origin, (origin) =>
    // As `git fetch` in an ordinary clone asks: all branches, and tags.
    run(
      'git',
      [
        '-C',
        join(scratch, 'full'),
        'fetch',
        '--quiet',
        `${origin}/${path}.git`,
        '+refs/heads/*:refs/heads/*',
      ],
      { env },
    ),
  );
  for (const name of ['full', 'shallow', 'blobless']) await rm(join(scratch, name), { recursive: true });
  for (const [name, exchange] of Object.entries({ full, shallow, blobless })) {
    if (exchange.length !== 3) throw new Error(`a ${name} clone took ${exchange.length} requests, not 3`);
  }
  if (noOp.length !== 2) throw new Error(`a fetch with nothing new took ${noOp.length} requests, not 2`);
  return { full, shallow, blobless, noOp, lsRefs: noOp.slice(1) };
}
