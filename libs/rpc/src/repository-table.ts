import { EventEmitter } from 'node:events';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  parseFreshness,
  writeFreshness,
  type RepositoryId,
  type RepositoryPath,
  type SelectedRepository,
} from '@antipode/domain';
import { registry } from '@antipode/contracts';

export interface RepositoryTableOptions {
  readonly client: registry.RegistryServiceClient;
  /** '' for a service that keeps no mirrors: it watches without being counted as a node. */
  readonly node: string;
  /** Where the last known table is kept, so that a restart without the registry still knows it; absent: nowhere. */
  readonly file?: string;
  /** Told when the stream is lost, once per loss. */
  readonly onLost?: (error: Error) => void;
}

const RECONNECT_MS = 500;
const SAVE_DELAY_MS = 200;

interface TableEvents {
  upserted: [SelectedRepository, SelectedRepository | undefined];
  removed: [SelectedRepository];
  /** The registry has sent everything that is selected. */
  complete: [];
}

/**
 * Every selected repository, in memory, kept current by the registry's stream.
 *
 * Survives the registry's absence: the table stays as it was last known, also across a restart.
 * Events tell of changes after the table itself has changed.
 */
export class RepositoryTable extends EventEmitter<TableEvents> {
  private readonly byId = new Map<RepositoryId, SelectedRepository>();
  private readonly byPath = new Map<RepositoryPath, SelectedRepository>();
  private seen: Set<RepositoryId> | undefined;
  private stream: ReturnType<registry.RegistryServiceClient['watchRepositories']> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private saveTimer: NodeJS.Timeout | undefined;
  private saving: Promise<void> = Promise.resolve();
  private closed = false;
  private connected = false;
  private known = false;

  constructor(private readonly options: RepositoryTableOptions) {
    super();
    this.setMaxListeners(50);
  }

  /** Loads what was known last, then follows the registry in the background. */
  async open(): Promise<void> {
    await this.load();
    this.connect();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.stream?.cancel();
    if (this.saveTimer) {
      clearTimeout(this.saveTimer);
      await this.save();
    }
    await this.saving;
  }

  get(id: RepositoryId): SelectedRepository | undefined {
    return this.byId.get(id);
  }

  find(path: RepositoryPath): SelectedRepository | undefined {
    return this.byPath.get(path);
  }

  all(): SelectedRepository[] {
    return [...this.byId.values()];
  }

  /** True once the table is the registry's, or was loaded from the last run. */
  get isKnown(): boolean {
    return this.known;
  }

  /** True while the stream to the registry is up. */
  get isConnected(): boolean {
    return this.connected;
  }

  /** Takes a repository that the registry has just answered with, without waiting for the stream. */
  take(message: registry.Repository): SelectedRepository {
    const repository = fromMessage(message);
    const before = this.byId.get(repository.id);
    this.store(repository);
    this.emit('upserted', repository, before);
    this.scheduleSave();
    return repository;
  }

  private connect(): void {
    if (this.closed) return;
    this.seen = new Set();
    const stream = this.options.client.watchRepositories({ node: this.options.node });
    this.stream = stream;
    let lost = false;
    const onEnd = (error: Error): void => {
      if (lost || this.closed) return;
      lost = true;
      if (this.connected) this.options.onLost?.(error);
      this.connected = false;
      this.timer = setTimeout(() => this.connect(), RECONNECT_MS);
    };
    stream.on('data', (message: registry.WatchRepositoriesResponse) => this.apply(message));
    stream.on('error', onEnd);
    stream.on('end', () => onEnd(new Error('the registry ended the stream')));
  }

  private apply({ event }: registry.WatchRepositoriesResponse): void {
    this.connected = true;
    switch (event?.$case) {
      case 'upserted':
        this.seen?.add(event.value.id);
        this.take(event.value);
        return;
      case 'removed':
        this.remove(event.value);
        return;
      case 'complete':
        this.complete();
        return;
      case undefined:
        // An event of a newer registry; what we know stays true.
        return;
    }
  }

  private complete(): void {
    const seen = this.seen ?? new Set();
    this.seen = undefined;
    for (const id of [...this.byId.keys()]) if (!seen.has(id)) this.remove(id);
    this.known = true;
    this.scheduleSave();
    this.emit('complete');
  }

  private store(repository: SelectedRepository): void {
    const before = this.byId.get(repository.id);
    // After a rename another repository may already answer to the old path.
    if (before && before.path !== repository.path && this.byPath.get(before.path)?.id === repository.id) {
      this.byPath.delete(before.path);
    }
    this.byId.set(repository.id, repository);
    this.byPath.set(repository.path, repository);
  }

  private remove(id: RepositoryId): void {
    const gone = this.byId.get(id);
    if (!gone) return;
    this.byId.delete(id);
    if (this.byPath.get(gone.path)?.id === id) this.byPath.delete(gone.path);
    this.scheduleSave();
    this.emit('removed', gone);
  }

  private async load(): Promise<void> {
    const { file } = this.options;
    if (file === undefined) return;
    try {
      const messages = JSON.parse(await readFile(file, 'utf8')) as unknown[];
      for (const message of messages) this.store(fromMessage(registry.Repository.fromJSON(message)));
      this.known = true;
    } catch {
      // No file yet, or a damaged one: the registry will tell.
    }
  }

  private scheduleSave(): void {
    if (this.saveTimer || this.closed || this.options.file === undefined) return;
    this.saveTimer = setTimeout(() => {
      this.saveTimer = undefined;
      this.saving = this.saving.then(() => this.save());
    }, SAVE_DELAY_MS);
  }

  private async save(): Promise<void> {
    const { file } = this.options;
    if (file === undefined) return;
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(`${file}.next`, JSON.stringify(this.all().map(toJson)));
      await rename(`${file}.next`, file);
    } catch {
      // The copy only helps the next start; a full disk must not stop the table.
    }
  }
}

function fromMessage(message: registry.Repository): SelectedRepository {
  const freshness = parseFreshness(message.freshness);
  return {
    id: message.id,
    path: message.path,
    public: message.public,
    ...(message.projectKey ? { projectKey: message.projectKey } : {}),
    ...(freshness ? { freshness } : {}),
    ...readPrefetch(message.lfsPrefetch),
  };
}

const PREFETCH = {
  on: registry.LfsPrefetch.LFS_PREFETCH_ON,
  off: registry.LfsPrefetch.LFS_PREFETCH_OFF,
} as const;

function readPrefetch(told: registry.LfsPrefetch): Pick<SelectedRepository, 'lfsPrefetch'> {
  if (told === PREFETCH.on) return { lfsPrefetch: 'on' };
  return told === PREFETCH.off ? { lfsPrefetch: 'off' } : {};
}

function toJson(repository: SelectedRepository): unknown {
  const { freshness, lfsPrefetch } = repository;
  return registry.Repository.toJSON(
    registry.Repository.fromPartial({
      ...repository,
      freshness: freshness ? writeFreshness(freshness) : '',
      lfsPrefetch: lfsPrefetch ? PREFETCH[lfsPrefetch] : registry.LfsPrefetch.LFS_PREFETCH_UNSPECIFIED,
    }),
  );
}
