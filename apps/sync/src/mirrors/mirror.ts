import { AntipodeError, isAntipodeError, toAntipodeError } from '@antipode/errors';
import { isConnected, missingObjects } from '@antipode/git-process';
import type { MirrorDisk, MirrorWriter } from '@antipode/mirror-disk';
import type { RepositoryId } from '@antipode/domain';
import { MirrorLfs, type CatchUp, type LfsSurroundings } from '../lfs/mirror-lfs.js';
import { cloneMirror } from './clone-mirror.js';
import { MirrorLine, type RunContext } from './mirror-line.js';
import type { MirrorOutcome, MirrorRun } from './mirror-run.js';
import { packedBytes, readReceived, writeReceived } from './mirror-size.js';
import { unknownStatus, type MirrorStatus } from './mirror-status.js';
import { tipsOf, type RefState } from './ref-state.js';
import { syncMirror } from './sync-mirror.js';

/** What a mirror needs of the rest of the service. */
export interface MirrorSurroundings {
  readonly writer: MirrorWriter;
  readonly primary: {
    url(id: RepositoryId): string;
    ask(id: RepositoryId, signal: AbortSignal): Promise<RefState>;
    authorization(): Promise<string | undefined>;
  };
  readonly observer: {
    /** Told after every change; `soon` where somebody may be watching. */
    changed(status: MirrorStatus, when: 'soon' | 'later'): void;
    /** Told once per run. */
    ended(run: EndedRun): void;
  };
  readonly lfs: LfsSurroundings;
  readonly pinSeconds: number;
  readonly stallMs: { readonly clone: number; readonly sync: number };
  /** Runs work that starts processes, when its pool has room. */
  whenThereIsRoom<T>(pool: 'clone' | 'sync' | 'lfs', work: () => Promise<T>): Promise<T>;
}

export interface EndedRun {
  readonly id: RepositoryId;
  readonly tookMs: number;
  readonly result: MirrorOutcome | AntipodeError;
}

/** A connectivity check reads the whole repository: not at every failure of an unlucky network. */
const VERIFY_AGAIN_MS = 3_600_000;

/**
 * One mirror repository of this node: brings it up to date, one run at a time, and knows how it is doing.
 */
export class Mirror {
  private current: MirrorStatus;
  private readonly line: MirrorLine<MirrorOutcome>;
  readonly lfs: MirrorLfs;
  private readonly ending = new AbortController();
  /** Until a run has seen that the published tips are there, the disk is not trusted: we may just have crashed. */
  private trusted = false;
  private failures = 0;
  private verifiedAtMs = 0;
  /** Runs and maintenance that work in the repository now. */
  private active = 0;
  /** A git may have died in there and left its locks. */
  private unclean = false;
  private sweeping: Promise<void> | undefined;

  constructor(
    readonly id: RepositoryId,
    private readonly around: MirrorSurroundings,
  ) {
    this.current = unknownStatus(id);
    this.line = new MirrorLine((context) => this.run(context));
    this.lfs = new MirrorLfs(id, this.disk, around.lfs);
  }

  get status(): MirrorStatus {
    return this.current;
  }

  /** The next run looks at the disk before it trusts it. */
  distrust(): void {
    this.trusted = false;
  }

  private get disk(): MirrorDisk {
    return this.around.writer.disk;
  }

  /** Learns from the disk what is there. */
  async load(): Promise<void> {
    const stat = await this.disk.statMirror(this.id);
    if (!stat) return;
    const repository = this.disk.repositoryPath(this.id);
    const snapshot = await this.disk.readSnapshot(this.id).catch(() => undefined);
    this.update(
      {
        phase: snapshot ? 'ready' : 'failing',
        epoch: snapshot?.epoch ?? 0,
        confirmedAtMs: stat.confirmedAtMs,
        sizeBytes: await packedBytes(repository),
        receivedBytesTotal: await readReceived(repository),
      },
      'soon',
    );
  }

  /**
   * Brings the mirror to a state that the primary had at `notBeforeMs` or later.
   *
   * @throws AntipodeError why the run failed; what is published stays.
   */
  async bringUpToDate(notBeforeMs: number): Promise<MirrorOutcome> {
    if (this.ending.signal.aborted)
      throw new AntipodeError('not_found', 'syncing a repository that is not selected');
    return this.line.join(notBeforeMs);
  }

  /** Ends what runs, and refuses everything after. Resolves when nothing of this mirror runs any more. */
  async end(): Promise<void> {
    this.ending.abort();
    await this.idle();
  }

  /** Resolves when what runs now has ended, well or not; at once where nothing runs. */
  async idle(): Promise<void> {
    if (this.line.isBusy) await this.line.join(0).catch(() => undefined);
  }

  /** Notes the large files of what is published, beside runs. @throws AntipodeError: to be tried again. */
  async catchUpLfs(work: CatchUp): Promise<void> {
    await this.lfs.catchUp({ ...work, signal: AbortSignal.any([work.signal, this.ending.signal]) });
  }

  /** Does something in the repository that goes on beside runs. */
  async maintain(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    await this.alongside(async () => {
      try {
        await work(this.ending.signal);
      } catch (error) {
        this.unclean = true;
        throw error;
      }
    });
  }

  /** Sweeps first where something died in here; only while nothing else works here that could own what is swept. */
  private async alongside<T>(work: () => Promise<T>): Promise<T> {
    if (this.unclean && this.active === 0) {
      this.unclean = false;
      this.sweeping = this.around.writer.sweep(this.id).finally(() => (this.sweeping = undefined));
    }
    this.active += 1;
    try {
      await this.sweeping;
      return await work();
    } finally {
      this.active -= 1;
    }
  }

  private async run(context: RunContext): Promise<MirrorOutcome> {
    const started = performance.now();
    const result = await this.alongside(() => this.attempt(context)).catch((error: unknown) =>
      toAntipodeError(error, 'syncing a mirror'),
    );
    const failed = isAntipodeError(result);
    this.around.observer.ended({ id: this.id, tookMs: performance.now() - started, result });
    if (failed) {
      this.fail(result);
      throw result;
    }
    await this.succeed(result);
    return result;
  }

  private async attempt(context: RunContext): Promise<MirrorOutcome> {
    if (this.ending.signal.aborted) throw new AntipodeError('cancelled', 'syncing a mirror');
    if (!(await this.disk.statMirror(this.id))) return cloneMirror(this.describeRun('clone', context));
    try {
      await this.requireTips();
      return await syncMirror(this.describeRun('sync', context));
    } catch (error) {
      if (!(await this.isDamage(error))) throw error;
      // The old one is served until the new one takes its place, if its snapshot still can be read.
      return cloneMirror(this.describeRun('clone', context));
    }
  }

  private describeRun(pool: 'clone' | 'sync', context: RunContext): MirrorRun {
    const { around, id } = this;
    return {
      id,
      url: around.primary.url(id),
      disk: this.disk,
      writer: around.writer,
      signal: this.ending.signal,
      stallMs: around.stallMs[pool],
      pinSeconds: around.pinSeconds,
      firstEpoch: this.current.epoch + 1,
      ask: () => around.primary.ask(id, this.ending.signal),
      authorization: () => around.primary.authorization(),
      bringLfs: (change, receivedBytes) =>
        this.lfs.beforePublish({
          ...change,
          stallMs: around.stallMs[pool],
          signal: this.ending.signal,
          // Not in the pool of the fetch: there it would wait for the fetches that came after.
          whenThereIsRoom: (work) => around.whenThereIsRoom('lfs', work),
          onProgress: ({ percent, bytes }) =>
            this.update({ progress: { step: 'lfs', percent, receivedBytes: receivedBytes + bytes } }, 'soon'),
        }),
      whenThereIsRoom: (work) => around.whenThereIsRoom(pool, work),
      onAsk: (atMs) => context.onAsk(atMs),
      onWork: () =>
        this.update({ phase: pool === 'clone' && this.current.epoch === 0 ? 'cloning' : 'syncing' }, 'soon'),
      onProgress: (progress) => this.update({ progress }, 'soon'),
    };
  }

  /** @throws AntipodeError `mirror_damaged` where a published tip is not there. */
  private async requireTips(): Promise<void> {
    if (this.trusted) return;
    const snapshot = await this.disk.readSnapshot(this.id);
    const missing =
      snapshot && (await missingObjects(this.disk.repositoryPath(this.id), [...tipsOf(snapshot)]));
    if (missing?.length)
      throw new AntipodeError('mirror_damaged', 'looking for published tips', { missing: missing.length });
    this.trusted = true;
  }

  private async isDamage(error: unknown): Promise<boolean> {
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
    const check = { oids: [...tipsOf(snapshot)], known: 'none', signal: this.ending.signal } as const;
    return !(await isConnected(this.disk.repositoryPath(this.id), check));
  }

  private fail(error: AntipodeError): void {
    this.failures += 1;
    this.unclean = true;
    this.trusted = false;
    this.lfs.doubt();
    // Ending because we were told to is nobody's failure.
    if (error.code === 'cancelled' && this.ending.signal.aborted) return;
    this.update({ phase: 'failing', error }, 'soon');
  }

  private async succeed(outcome: MirrorOutcome): Promise<void> {
    this.failures = 0;
    this.trusted = true;
    const { phase, sizeBytes, receivedBytesTotal } = this.current;
    const calm = outcome.kind === 'unchanged' && phase === 'ready';
    const repository = this.disk.repositoryPath(this.id);
    const total = receivedBytesTotal + outcome.receivedBytes;
    if (outcome.receivedBytes > 0) await writeReceived(repository, total);
    this.update(
      {
        phase: 'ready',
        epoch: outcome.epoch,
        confirmedAtMs: outcome.confirmedAtMs,
        sizeBytes: outcome.kind === 'unchanged' ? sizeBytes : await packedBytes(repository),
        receivedBytesTotal: total,
      },
      calm ? 'later' : 'soon',
    );
  }

  /** A phase that is over takes its progress and its error with it. */
  private update(change: Partial<MirrorStatus>, when: 'soon' | 'later'): void {
    const { progress, error, ...lasting } = this.current;
    const stays = change.phase === undefined;
    this.current = {
      ...lasting,
      ...(stays && progress ? { progress } : {}),
      ...((stays || change.phase === 'syncing' || change.phase === 'cloning') && error ? { error } : {}),
      ...change,
    };
    this.around.observer.changed(this.current, when);
  }
}
