import { pipeline } from 'node:stream/promises';
import { AntipodeError } from '@antipode/errors';
import { SETTINGS } from './commands.js';
import { startGit, type RunningGit } from './start-git.js';

export interface CopyObjectsOptions {
  /** Bare repositories on this disk. */
  readonly from: string;
  readonly to: string;
  readonly oids: readonly string[];
  /** What both have, with everything below it. */
  readonly known: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Copies objects and everything that they need, past what is known, from one repository into another, as one pack.
 *
 * @throws AntipodeError `mirror_damaged` where either git fails, `cancelled`.
 */
export async function copyObjects({ from, to, oids, known, signal }: CopyObjectsOptions): Promise<void> {
  const doing = 'copying objects between repositories';
  const start = (repository: string, args: readonly string[]): Promise<RunningGit> =>
    startGit({
      args,
      cwd: repository,
      config: SETTINGS.local,
      env: { GIT_DIR: repository },
      onAbort: 'tidy',
      signal,
    });
  const packing = await start(from, ['pack-objects', '--revs', '--stdout', '--quiet']);
  const storing = await start(to, ['index-pack', '--stdin']).catch((error: unknown) => {
    packing.kill();
    throw error;
  });
  storing.stdout.resume();
  packing.stdin.end([...oids, '--not', ...known, ''].join('\n'));
  // Either one's end breaks the other's pipe; the exit codes tell the story.
  await pipeline(packing.stdout, storing.stdin).catch(() => undefined);
  const exits = await Promise.all([packing.exited, storing.exited]);
  if (signal.aborted) throw new AntipodeError('cancelled', doing);
  const failed = exits.find(({ code }) => code !== 0);
  if (failed)
    throw new AntipodeError('mirror_damaged', doing, {
      exitCode: failed.code,
      stderr: failed.stderr.slice(-500),
    });
}
