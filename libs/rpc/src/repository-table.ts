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

/** Whether the mirror is connected to a workspace. */
export interface KnownConnection {
  readonly connected: boolean;
  /** That it is, or was last, connected to; empty where nobody knows of one. */
  readonly workspace: string;
}

const RECONNECT_MS = 500;
const SAVE_DELAY_MS = 200;

interface TableEvents {
  upserted: [SelectedRepository, SelectedRepository | undefined];
  removed: [SelectedRepository];
  /** The registry has sent everything that is selected. */
  complete: [];
  connection: [KnownConnection];
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
  private tie: KnownConnection | undefined;

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

  /** Undefined where the registry has not told, or the primary is one without connections. */
  get connection(): KnownConnection | undefined {
    return this.tie;
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
      case 'connection':
        this.note(event.value);
        return;
      case 'complete':
        this.complete();
        return;
      case undefined:
        // An event of a newer registry; what we know stays true.
        return;
    }
  }

  /** When the data of a workspace is deleted the registry forgets its name; people still ask for its repositories. */
  private note({ connected, workspace }: registry.ConnectionNews): void {
    this.tie = { connected, workspace: workspace || (this.tie?.workspace ?? '') };
    this.scheduleSave();
    this.emit('connection', this.tie);
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
      const { repositories, connection } = readCopy(JSON.parse(await readFile(file, 'utf8')));
      for (const message of repositories) this.store(fromMessage(registry.Repository.fromJSON(message)));
      if (connection) this.tie = registry.ConnectionNews.fromJSON(connection);
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

  private copy(): Copy {
    const { tie } = this;
    const connection = tie && { connection: registry.ConnectionNews.toJSON(tie) };
    return { repositories: this.all().map(toJson), ...connection };
  }

  private async save(): Promise<void> {
    const { file } = this.options;
    if (file === undefined) return;
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(`${file}.next`, JSON.stringify(this.copy()));
      await rename(`${file}.next`, file);
    } catch {
      // The copy only helps the next start; a full disk must not stop the table.
    }
  }
}

interface Copy {
  readonly repositories: readonly unknown[];
  readonly connection?: unknown;
}

/** Before the connection was kept, the copy was the list of repositories alone. */
const readCopy = (content: unknown): Copy =>
  Array.isArray(content) ? { repositories: content } : (content as Copy);

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
