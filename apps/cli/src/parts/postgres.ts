import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { inheritedEnvironment } from '../config.js';
import { asAccount } from '../house/launch.js';
import type { Account, Part } from '../house/part.js';
import { stoppedShort } from '../stopped-short.js';
import { accountFor } from './account.js';
import { findPostgres, type PostgresPrograms } from './postgres-programs.js';

export interface PostgresOptions {
  readonly dataFolder: string;
  readonly port: number;
  readonly password: string;
}

const USER = 'antipode';
const DATABASE = 'antipode';

const urlOf = (options: PostgresOptions, database: string): string =>
  `postgresql://${USER}:${options.password}@127.0.0.1:${options.port}/${database}`;

export const databaseUrl = (options: PostgresOptions): string => urlOf(options, DATABASE);

/** A PostgreSQL of our own, from a package: own port, own folder, passwords only, no unix socket. */
export function postgresPart(options: PostgresOptions): Part {
  const cluster = join(options.dataFolder, 'postgres');
  return {
    name: 'postgres',
    title: "the registry's memory",
    ports: [options.port],
    // A "fast" shutdown: clients are disconnected, data is flushed. SIGTERM would wait for them to leave.
    stopSignal: 'SIGINT',
    prepare: async () => {
      const programs = await findPostgres();
      const account = await accountFor(cluster, programs.postgres);
      if (!(await exists(join(cluster, 'PG_VERSION')))) await initialise(programs, options, cluster, account);
      await requireSameMajor(programs, cluster);
      return {
        file: programs.postgres,
        args: ['-D', cluster, ...settings(options.port)],
        env: { ...inheritedEnvironment(), TZ: 'UTC' },
        cwd: '/',
        watchesStdin: false,
        ...(account ? { account } : {}),
      };
    },
    checkReady: () => ensureDatabase(options),
  };
}

const settings = (port: number): string[] =>
  [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=100',
    'shared_buffers=64MB',
  ].flatMap((setting) => ['-c', setting]);

/** Into a folder beside, renamed last: an initdb that was killed half-way must not look like a cluster. */
async function initialise(
  programs: PostgresPrograms,
  options: PostgresOptions,
  cluster: string,
  account: Account | undefined,
): Promise<void> {
  await mkdir(options.dataFolder, { recursive: true });
  const staging = await mkdtemp(join(options.dataFolder, 'postgres.new-'));
  const passwordFile = join(staging, 'password');
  const fresh = join(staging, 'cluster');
  try {
    await writeFile(passwordFile, options.password, { mode: 0o600 });
    if (account)
      await Promise.all([staging, passwordFile].map((path) => chown(path, account.uid, account.gid)));
    await runInitdb(programs.initdb, fresh, passwordFile, account);
    // initdb makes it 0700 already; said again because everything in it hangs on that.
    await chmod(fresh, 0o700);
    await rename(fresh, cluster);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function runInitdb(
  initdb: string,
  folder: string,
  passwordFile: string,
  account: Account | undefined,
): Promise<void> {
  const args = [
    '-D',
    folder,
    '-U',
    USER,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
  ];
  const env = { ...inheritedEnvironment(), TZ: 'UTC' };
  const command = account ? ['setpriv', ...asAccount(account), '--', initdb, ...args] : [initdb, ...args];
  try {
    await promisify(execFile)(command[0] as string, command.slice(1), { env, cwd: '/' });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? '';
    throw stoppedShort(
      'internal',
      `PostgreSQL could not make its data folder ${folder}: ${said || (error as Error).message}`,
      {},
      error,
    );
  }
}

/** @throws AntipodeError `unsupported` where the data was made by another major version of PostgreSQL */
async function requireSameMajor({ version }: PostgresPrograms, cluster: string): Promise<void> {
  const made = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
  if (version.startsWith(`${made}.`)) return;
  throw stoppedShort(
    'unsupported',
    `The database in ${cluster} was made by PostgreSQL ${made}, and this is ${version}. Move the folder away to begin anew, or migrate it with pg_upgrade.`,
  );
}

/** Ready means: answers, and has our database. */
async function ensureDatabase(options: PostgresOptions): Promise<void> {
  const client = new pg.Client({
    connectionString: urlOf(options, 'postgres'),
    connectionTimeoutMillis: 2000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
