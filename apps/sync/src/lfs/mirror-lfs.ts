import { toAntipodeError, type AntipodeError } from '@antipode/errors';
import type { RepositoryId } from '@antipode/domain';
import { readLfsScanned, writeLfsScanned, type MirrorDisk, type Snapshot } from '@antipode/mirror-disk';
import { tipsOf, type RefState } from '../mirrors/ref-state.js';
import { awaitFill, type FillEnd, type FillProgress } from './await-fill.js';
import type { LargeFiles } from './lfs-client.service.js';
import { notePointers, presentTips } from './note-pointers.js';

/** What the large files of one mirror need of the rest of the service. */
export interface LfsSurroundings {
  readonly files: LargeFiles;
  /** Longest wait for large files before refs are published. */
  readonly beforePublishMs: number;
  /** Told once per change that brought large files. */
  ended(told: LfsTold): void;
}

export interface LfsTold {
  readonly id: RepositoryId;
  /** How many pointers the new commits had. */
  readonly pointers: number;
  /** How the wait for them ended; an error where they could not be noted. */
  readonly end: FillEnd | { readonly kind: 'unnoted'; readonly error: AntipodeError };
  readonly tookMs: number;
}

/** What a change brings, before it is published. */
export interface LfsChange {
  /** Where the new objects are: the mirror repository, or a staging folder. */
  readonly repository: string;
  readonly refs: RefState;
  /** What readers see now, in the same repository; undefined in a staging folder. */
  readonly published: RefState | undefined;
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** Runs what starts processes. */
  whenThereIsRoom<T>(work: () => Promise<T>): Promise<T>;
  onProgress(progress: FillProgress): void;
}

export interface CatchUp {
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** Called before there is work. Throws where there would be nobody to tell. */
  ready(): Promise<void>;
}

/** While older large files are still on their way, a change only looks whether they have come. */
const GLANCE_MS = 1000;

/**
 * The large files of one mirror: notes those of new commits, once, and waits for them a while.
 *
 *   noted?   unknown ─▶ yes ─▶ (the LFS service was away) ─▶ no ─▶ catchUp ─▶ yes
 *
 * "Noted" speaks of everything that is published. A change is published whatever happens here; what it could not note
 * is caught up with later, beside the runs.
 */
export class MirrorLfs {
  private noted: boolean | undefined;
  /** Counts what may have been published without being noted: who began before must not say that all is noted. */
  private doubts = 0;
  /** The last wait was too short: what it waited for is still being brought. */
  private behind = false;
  private wait: AbortController | undefined;
  private isEnding = false;
  private readonly watchers = new Set<() => void>();

  constructor(
    private readonly id: RepositoryId,
    private readonly disk: MirrorDisk,
    private readonly around: LfsSurroundings,
  ) {}

  /** False only where nothing is left to be caught up with. Costs nothing. */
  get mayLag(): boolean {
    return this.noted !== true;
  }

  /** Whether a run stands still until large files are here. */
  get isWaiting(): boolean {
    return this.wait !== undefined;
  }

  /** Resolves when a run begins to wait for large files, or when `signal` aborts. */
  waiting(signal: AbortSignal): Promise<void> {
    if (this.isWaiting || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.watchers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.watchers.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /** Whoever waits publishes now, and nobody waits any more: the service ends. */
  stopWaiting(): void {
    this.isEnding = true;
    this.wait?.abort();
  }

  /** A run has failed: what was said about its refs may never come true. */
  doubt(): void {
    this.noted = undefined;
    this.doubts += 1;
  }

  /** Notes the large files of a change and waits for them. Fails never: without them the change is published as well. */
  async beforePublish(change: LfsChange): Promise<void> {
    const started = performance.now();
    let pointers = 0;
    try {
      const scanned = await this.learn(change.repository, change.published);
      const isWhole = this.noted === true;
      pointers = await change.whenThereIsRoom(() => this.note(change, scanned));
      const end = pointers > 0 ? await this.await(change) : undefined;
      if (isWhole) await writeLfsScanned(change.repository, tipsOf(change.refs));
      if (end) this.around.ended({ id: this.id, pointers, end, tookMs: performance.now() - started });
    } catch (error) {
      this.noted = false;
      this.doubts += 1;
      if (change.signal.aborted) return;
      const known = toAntipodeError(error, 'noting large files');
      const tookMs = performance.now() - started;
      this.around.ended({ id: this.id, pointers, end: { kind: 'unnoted', error: known }, tookMs });
    }
  }

  /**
   * Notes what is published and was not noted: by a version that knew no large files, or while the LFS service was away.
   *
   * @throws AntipodeError of the LFS service or of git; it is to be tried again.
   */
  async catchUp(work: CatchUp): Promise<void> {
    for (;;) {
      const { doubts } = this;
      const published = await this.disk.readSnapshot(this.id);
      if (!published) return;
      const repository = this.disk.repositoryPath(this.id);
      const scanned = (await readLfsScanned(repository)) ?? new Set<string>();
      if (!covers(scanned, published)) await this.noteAll(published, scanned, work);
      const now = await this.disk.readSnapshot(this.id);
      if (this.doubts !== doubts || now?.epoch !== published.epoch) continue;
      this.noted = true;
      return;
    }
  }

  private async noteAll(
    published: Snapshot,
    scanned: ReadonlySet<string>,
    { stallMs, signal, ready }: CatchUp,
  ): Promise<void> {
    await ready();
    const repository = this.disk.repositoryPath(this.id);
    const known = await presentTips(repository, scanned);
    const tips = tipsOf(published);
    const work = { id: this.id, repository, tips, known, stallMs, signal, priority: 'low' } as const;
    await notePointers(this.around.files, work);
    await writeLfsScanned(repository, tips);
  }

  /** Which tips were looked through; also settles, on the first call, whether all that is published was noted. */
  private async learn(repository: string, published: RefState | undefined): Promise<ReadonlySet<string>> {
    const scanned = (await readLfsScanned(repository)) ?? new Set<string>();
    if (!published) this.noted = true;
    else this.noted ??= covers(scanned, published);
    return scanned;
  }

  private async note(change: LfsChange, scanned: ReadonlySet<string>): Promise<number> {
    const { repository, stallMs, signal } = change;
    // What is published is there, and was noted or will be caught up with. Of what was looked through beside it, less
    // is sure: a run that was killed may have left it, and maintenance have cleared it.
    const published = change.published ? tipsOf(change.published) : new Set<string>();
    const others = await presentTips(
      repository,
      [...scanned].filter((oid) => !published.has(oid)),
    );
    const about = { tips: tipsOf(change.refs), known: [...published, ...others] };
    const how = { stallMs, signal, priority: 'normal' } as const;
    return notePointers(this.around.files, { id: this.id, repository, ...about, ...how });
  }

  private async await({ signal, onProgress }: LfsChange): Promise<FillEnd | undefined> {
    const { files, beforePublishMs } = this.around;
    const longestMs = this.behind ? Math.min(GLANCE_MS, beforePublishMs) : beforePublishMs;
    if (longestMs === 0 || this.isEnding) return undefined;
    this.wait = new AbortController();
    for (const watcher of this.watchers) watcher();
    try {
      const either = AbortSignal.any([signal, this.wait.signal]);
      const end = await awaitFill(files, this.id, { longestMs, signal: either, onProgress });
      this.behind = end.kind === 'bound';
      return end;
    } finally {
      this.wait = undefined;
    }
  }
}

const covers = (scanned: ReadonlySet<string>, refs: RefState): boolean =>
  [...tipsOf(refs)].every((oid) => scanned.has(oid));
