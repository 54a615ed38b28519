import { createInterface } from 'node:readline';
import { AntipodeError } from '@antipode/errors';
import { SETTINGS } from './commands.js';
import { requireDiskSpace } from './disk-full.js';
import { guardAgainstStall } from './stall-guard.js';
import { startGit } from './start-git.js';

/** Of git-fsck(1)'s exit code: names that it finds odd. Whether refs are right is known from what was published. */
const ABOUT_REFS = 8;

/**
 * Walks everything that the refs of a repository hold, at low priority: `git fsck --connectivity-only`, which also
 * looks at commit-graph and indexes.
 *
 * @returns git's first complaint; undefined where nothing is missing.
 * @throws AntipodeError `timed_out` after `stallMs` without a sign of life, `cancelled`, `internal` where git was killed.
 */
export async function checkConnectivity(
  repository: string,
  { stallMs, signal }: { stallMs: number; signal: AbortSignal },
): Promise<string | undefined> {
  const doing = 'walking the objects of a repository';
  const git = await startGit({
    args: ['fsck', '--connectivity-only', '--no-dangling', '--no-reflogs', '--progress'],
    cwd: repository,
    config: SETTINGS.maintain,
    env: { GIT_DIR: repository },
    priority: 'low',
    onAbort: 'tidy',
    signal,
  });
  const guard = guardAgainstStall(stallMs, () => git.kill());
  let complaint: string | undefined;
  git.stderr.on('data', () => guard.alive());
  createInterface({ input: git.stdout }).on('line', (line) => {
    guard.alive();
    if (!line.startsWith('notice:')) complaint ??= line;
  });
  git.stdin.end();
  const { code, stderr } = await git.exited;
  guard.stop();
  if (guard.stalled) throw new AntipodeError('timed_out', doing, { stallMs });
  if (signal.aborted) throw new AntipodeError('cancelled', doing);
  if (code === null) throw new AntipodeError('internal', doing, { problem: 'killed' });
  if (code === 0 || code === ABOUT_REFS) return undefined;
  requireDiskSpace(stderr, doing);
  return complaint ?? lastError(stderr) ?? `git fsck ended with ${code}`;
}

const lastError = (stderr: string): string | undefined =>
  stderr.split(/[\r\n]+/).findLast((line) => /^(?:error|fatal):/.test(line));
