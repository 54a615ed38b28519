import { AntipodeError, isAntipodeError, toAntipodeError } from '@antipode/errors';
import type { MirrorDisk, MirrorWriter, Snapshot } from '@antipode/mirror-disk';
import type { RepositoryId, SyncProgress } from '@antipode/domain';
import { MirrorLfs, type CatchUp, type LfsSurroundings } from '../lfs/mirror-lfs.js';
import { cloneMirror } from './clone-mirror.js';
import { MirrorLine, type RunContext } from './mirror-line.js';
import type { MirrorOutcome, MirrorRun } from './mirror-run.js';
import { packedBytes, readReceived, writeReceived } from './mirror-size.js';
import { unknownStatus, type MirrorStatus } from './mirror-status.js';
import { MirrorTrust } from './mirror-trust.js';
import { cloneBeside, takePlace, type ClonedBeside } from './reclone-mirror.js';
import type { RefState } from './ref-state.js';
import { restoreRefs } from './restore-refs.js';
import { syncMirror } from './sync-mirror.js';
import { readVerification, writeVerification, type Verification } from './verification.js';

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
  /** The epoch that was published when it began; 0 where there was none. */
  readonly epoch: number;
  readonly result: MirrorOutcome | AntipodeError;
}

/**
 * One mirror repository of this node: brings it up to date, one run at a time, and knows how it is doing.
 */
export class Mirror {
  private current: MirrorStatus;
  private readonly line: MirrorLine<MirrorOutcome>;
  readonly lfs: MirrorLfs;
  private readonly ending = new AbortController();
  private readonly trust: MirrorTrust;
  /** Ends what works in the folder that is in place now, when another takes its place. */
  private inPlace = new AbortController();
  private readonly maintaining = new Set<Promise<void>>();
  private recloning: Promise<MirrorOutcome> | undefined;
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
    this.line = new MirrorLine((context) => this.run(() => this.attempt(context)));
    this.lfs = new MirrorLfs(id, this.disk, around.lfs);
    this.trust = new MirrorTrust(id, this.disk, this.ending.signal);
  }

  get status(): MirrorStatus {
    return this.current;
  }

  /** The next run looks at the disk before it trusts it. */
  distrust(): void {
    this.trust.lose();
  }

  private get disk(): MirrorDisk {
    return this.around.writer.disk;
  }

  /** Learns from the disk what is there. */
  async load(): Promise<void> {
    const stat = await this.disk.statMirror(this.id);
    if (!stat) return;
    const repository = this.disk.repositoryPath(this.id);
    const snapshot = await this.published();
    const verification = await readVerification(repository);
    this.update(
      {
        ...(verification ? { verification } : {}),
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

  /**
   * As `bringUpToDate`; before, refs on disk that are not as published are written anew.
   *
   * @returns how many there were.
   * @throws AntipodeError why the run failed; `mirror_damaged` where refs cannot be read or written.
   */
  async restoreRefs(): Promise<number> {
    let restored = 0;
    const run = async (context: RunContext): Promise<MirrorOutcome> => {
      this.trust.lose();
      const published = await this.published();
      if (published) restored = await restoreRefs(this.disk.repositoryPath(this.id), published);
      return this.attempt(context);
    };
    await this.line.order((context) => this.run(() => run(context)));
    return restored;
  }

  /**
   * Clones anew, beside the published one, which is served and synced until the new one takes its place.
   *
   * @throws AntipodeError why that failed; what is published stays.
   */
  async reclone(onProgress: (progress: SyncProgress) => void): Promise<MirrorOutcome> {
    if (this.current.epoch === 0) return this.bringUpToDate(Date.now());
    this.recloning ??= this.cloneAnew(onProgress).finally(() => (this.recloning = undefined));
    return this.recloning;
  }

  /** Remembers how a verification stands, also across a restart. */
  async note(verification: Verification): Promise<void> {
    this.notePassing(verification);
    await writeVerification(this.disk.repositoryPath(this.id), verification);
  }

  notePassing(verification: Verification): void {
    this.update({ verification }, 'soon');
  }

  /** Ends what runs, and refuses everything after. Resolves when nothing of this mirror runs any more. */
  async end(): Promise<void> {
    this.ending.abort();
    await this.idle();
    await this.recloning?.catch(() => undefined);
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
    const leaving = AbortSignal.any([this.ending.signal, this.inPlace.signal]);
    const done = this.alongside(async () => {
      try {
        await work(leaving);
      } catch (error) {
        this.unclean = true;
        throw error;
      }
    });
    this.maintaining.add(done);
    await done.finally(() => this.maintaining.delete(done));
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

  private async run(work: () => Promise<MirrorOutcome>): Promise<MirrorOutcome> {
    const started = performance.now();
    const { epoch } = this.current;
    const result = await this.alongside(async () => {
      if (this.ending.signal.aborted) throw new AntipodeError('cancelled', 'syncing a mirror');
      return work();
    }).catch((error: unknown) => toAntipodeError(error, 'syncing a mirror'));
    const failed = isAntipodeError(result);
    this.around.observer.ended({ id: this.id, tookMs: performance.now() - started, epoch, result });
    if (failed) {
      this.fail(result);
      throw result;
    }
    await this.succeed(result);
    return result;
  }

  private async attempt(context: RunContext): Promise<MirrorOutcome> {
    if (!(await this.disk.statMirror(this.id))) return cloneMirror(this.describeRun('clone', context));
    try {
      await this.trust.requireTips();
      return await syncMirror(this.describeRun('sync', context));
    } catch (error) {
      if (!(await this.trust.isDamage(error))) throw error;
      // The old one is served until the new one takes its place, if its snapshot still can be read.
      return cloneMirror(this.describeRun('clone', context));
    }
  }

  private async cloneAnew(onProgress: (progress: SyncProgress) => void): Promise<MirrorOutcome> {
    const beside = await cloneBeside({
      ...this.describeRun('clone', { onAsk: () => undefined }),
      onProgress,
    });
    try {
      return await this.line.order((context) => this.run(() => this.replace(beside, context)));
    } finally {
      // In its place by now, or of no use.
      await this.around.writer.discardStaging(beside.staging);
    }
  }

  private async replace(beside: ClonedBeside, context: RunContext): Promise<MirrorOutcome> {
    const published = await this.published();
    try {
      return await takePlace(this.describeRun('sync', context), beside, {
        published,
        vacate: () => this.vacate(),
      });
    } finally {
      this.inPlace = new AbortController();
    }
  }

  /** Ends what works in the folder that is in place: it would go on, by name, in the one that comes. */
  private async vacate(): Promise<void> {
    this.inPlace.abort();
    await Promise.allSettled(this.maintaining);
  }

  private published(): Promise<Snapshot | undefined> {
    return this.disk.readSnapshot(this.id).catch(() => undefined);
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

  private fail(error: AntipodeError): void {
    this.trust.failed();
    this.unclean = true;
    this.lfs.doubt();
    // Ending because we were told to is nobody's failure.
    if (error.code === 'cancelled' && this.ending.signal.aborted) return;
    this.update({ phase: 'failing', error }, 'soon');
  }

  private async succeed(outcome: MirrorOutcome): Promise<void> {
    this.trust.succeeded();
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
