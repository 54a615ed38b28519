import type { ConfigPair } from './config-env.js';
import { SETTINGS } from './commands.js';
import { startGit, type RunningGit } from './start-git.js';

export interface UploadPackOptions {
  /** The bare repository. */
  readonly repository: string;
  readonly protocol: 'v0' | 'v1' | 'v2';
  /**
   * advertise: prints refs or capabilities and ends. stateless: one request, one answer (HTTP).
   * conversation: the whole dialogue (SSH).
   */
  readonly mode: 'advertise' | 'stateless' | 'conversation';
  /** Bitmaps make clones cheap, but fetches near the tip up to six times larger. Default "use". */
  readonly bitmaps?: 'use' | 'skip';
  /** git itself ends after this long without a word from the client. Default 600. */
  readonly idleSeconds?: number;
  /** For special cases of the caller; comes after our own settings, so it wins. */
  readonly config?: readonly ConfigPair[];
  /** Aborting kills git and pack-objects at once. */
  readonly signal?: AbortSignal;
}

const MODES = {
  advertise: ['--stateless-rpc', '--http-backend-info-refs'],
  stateless: ['--stateless-rpc'],
  conversation: [],
} as const;
const VERSIONS = { v0: {}, v1: { GIT_PROTOCOL: 'version=1' }, v2: { GIT_PROTOCOL: 'version=2' } } as const;
const IDLE_SECONDS = 600;

/**
 * Starts `git upload-pack` on a mirror repository, with our settings. git-upload-pack(1).
 *
 * @throws AntipodeError `internal` where git cannot be started.
 */
export function startUploadPack(options: UploadPackOptions): Promise<RunningGit> {
  return startGit({
    // --strict: the path is a repository itself; git must not look for one around it.
    args: [
      'upload-pack',
      '--strict',
      `--timeout=${options.idleSeconds ?? IDLE_SECONDS}`,
      ...MODES[options.mode],
      options.repository,
    ],
    config: [
      ...SETTINGS['upload-pack'],
      ['pack.useBitmaps', options.bitmaps === 'skip' ? 'false' : 'true'],
      ...(options.config ?? []),
    ],
    env: VERSIONS[options.protocol],
    ...(options.signal ? { signal: options.signal } : {}),
  });
}
