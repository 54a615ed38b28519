import { AntipodeError, isAntipodeError } from '@antipode/errors';
import type { RepositoryId } from '@antipode/domain';
import { isConnected, missingObjects } from '@antipode/git-process';
import type { MirrorDisk } from '@antipode/mirror-disk';
import { tipsOf } from './ref-state.js';

/** A connectivity check reads the whole repository: not at every failure of an unlucky network. */
const VERIFY_AGAIN_MS = 3_600_000;

/** How far a mirror believes in what is on its disk, and when it calls a failure damage. */
export class MirrorTrust {
  /** Until a run has seen that the published tips are there, the disk is not trusted: we may just have crashed. */
  private trusted = false;
  private failures = 0;
  private verifiedAtMs = 0;

  constructor(
    private readonly id: RepositoryId,
    private readonly disk: MirrorDisk,
    private readonly ending: AbortSignal,
  ) {}

  /** The next run looks at the disk first. */
  lose(): void {
    this.trusted = false;
  }

  failed(): void {
    this.failures += 1;
    this.trusted = false;
  }

  succeeded(): void {
    this.failures = 0;
    this.trusted = true;
  }

  /** @throws AntipodeError `mirror_damaged` where a published tip is not there. */
  async requireTips(): Promise<void> {
    if (this.trusted) return;
    const snapshot = await this.disk.readSnapshot(this.id);
    const missing =
      snapshot && (await missingObjects(this.disk.repositoryPath(this.id), [...tipsOf(snapshot)]));
    if (missing?.length)
      throw new AntipodeError('mirror_damaged', 'looking for published tips', { missing: missing.length });
    this.trusted = true;
  }

  async isDamage(error: unknown): Promise<boolean> {
    if (!isAntipodeError(error)) return false;
    // A local git that fails may only have met a lock of one that was killed: the next run sweeps, and then it counts.
    if (error.code === 'mirror_damaged') return !('exitCode' in error.context) || this.failures > 0;
    // git does not say whose fault a failed fetch is. Ours, where what we published is not whole.
    const isSuspect =
      error.code === 'primary_unavailable' && 'exitCode' in error.context && this.failures > 0;
    if (!isSuspect || Date.now() - this.verifiedAtMs < VERIFY_AGAIN_MS) return false;
    this.verifiedAtMs = Date.now();
    const snapshot = await this.disk.readSnapshot(this.id);
    if (!snapshot) return true;
    const check = { oids: [...tipsOf(snapshot)], known: 'none', signal: this.ending } as const;
    return !(await isConnected(this.disk.repositoryPath(this.id), check));
  }
}
