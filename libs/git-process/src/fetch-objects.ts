import { AntipodeError } from '@antipode/errors';
import { SETTINGS } from './commands.js';
import type { ConfigPair } from './config-env.js';
import { requireDiskSpace } from './disk-full.js';
import { progressReader, type GitProgress } from './read-progress.js';
import { guardAgainstStall } from './stall-guard.js';
import { startGit } from './start-git.js';

export interface FetchObjectsOptions {
  readonly repository: string;
  /** Without credentials: argv is public. */
  readonly url: string;
  /** The whole Authorization header; undefined for an anonymous fetch. */
  readonly authorization: string | undefined;
  /** What to fetch: tips that the primary has just named. */
  readonly oids: readonly string[];
  /** Killed after this long without a sign of life. */
  readonly stallMs: number;
  readonly onProgress?: (progress: GitProgress) => void;
  readonly signal?: AbortSignal;
}

export interface FetchedObjects {
  /** Received from the primary, to three digits. */
  readonly receivedBytes: number;
}

/**
 * Brings objects, and everything that they need, into a repository without moving any ref.
 *
 * When it resolves, every oid is there and connected: git verifies that with rev-list before it ends well.
 *
 * @throws AntipodeError `timed_out` after a stall, `cancelled`, `disk_full`; `primary_unavailable` for all else
 *   (git tells no more): among them a tip that the primary has dropped in the meantime.
 */
export async function fetchObjects(options: FetchObjectsOptions): Promise<FetchedObjects> {
  const git = await startGit({
    // Wanting objects by name, not refs: what arrives is what was asked for, whatever the primary's refs do meanwhile.
    args: [
      'fetch',
      '--stdin',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--refmap=',
      '--progress',
      '--',
      options.url,
    ],
    cwd: options.repository,
    config: [...SETTINGS.fetch, ...credential(options)],
    env: { GIT_DIR: options.repository },
    onAbort: 'tidy',
    ...(options.signal ? { signal: options.signal } : {}),
  });
  let receivedBytes = 0;
  const guard = guardAgainstStall(options.stallMs, () => git.kill());
  const read = progressReader((progress) => {
    receivedBytes = Math.max(receivedBytes, progress.receivedBytes ?? 0);
    options.onProgress?.(progress);
  });
  git.stderr.on('data', (text: string) => {
    guard.alive();
    read(text);
  });
  git.stdout.resume();
  git.stdin.end(options.oids.map((oid) => `${oid}\n`).join(''));
  const { code, stderr } = await git.exited;
  guard.stop();
  if (code === 0) return { receivedBytes };
  if (guard.stalled)
    throw new AntipodeError('timed_out', 'fetching from the primary', { stallMs: options.stallMs });
  if (options.signal?.aborted) throw new AntipodeError('cancelled', 'fetching from the primary');
  requireDiskSpace(stderr, 'fetching from the primary');
  throw new AntipodeError('primary_unavailable', 'fetching from the primary', {
    exitCode: code,
    stderr: stderr.slice(-1000),
  });
}

/** The header goes to this host and to no other, whatever git may be led to. */
function credential({ url, authorization }: FetchObjectsOptions): ConfigPair[] {
  return authorization
    ? [[`http.${new URL(url).origin}/.extraHeader`, `Authorization: ${authorization}`]]
    : [];
}
