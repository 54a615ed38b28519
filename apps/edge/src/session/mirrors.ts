import { LRUCache } from 'lru-cache';
import type { RepositoryId } from '@antipode/domain';
import type { MirrorDisk, PublishedSnapshot, Snapshot } from '@antipode/mirror-disk';

/** The published epoch of a mirror repository, and how fresh it is. */
export interface Mirror {
  readonly id: RepositoryId;
  /** Changes with every published epoch. */
  readonly identity: string;
  readonly snapshot: Snapshot;
  /** Milliseconds since 1970. */
  readonly confirmedAtMs: number;
}

/** Per ref: two short strings, an object, an array slot. Measured at 150 to 250 bytes. */
const BYTES_PER_REF = 220;

/** Parsed snapshots by their identity, so that an unchanged one costs two stats and nothing else. */
export class Mirrors {
  private readonly parsed: LRUCache<RepositoryId, PublishedSnapshot>;
  private readonly loading = new Map<RepositoryId, Promise<PublishedSnapshot | undefined>>();

  constructor(
    private readonly disk: MirrorDisk,
    maxBytes: number,
  ) {
    this.parsed = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ snapshot }) => 1024 + snapshot.refs.length * BYTES_PER_REF,
    });
  }

  repositoryPath(id: RepositoryId): string {
    return this.disk.repositoryPath(id);
  }

  /**
   * Undefined while nothing is published.
   *
   * @throws AntipodeError `mirror_damaged` where the snapshot cannot be read.
   */
  async current(id: RepositoryId): Promise<Mirror | undefined> {
    const stat = this.disk.statMirrorSync(id);
    if (!stat) return undefined;
    const known = this.parsed.get(id);
    const published = known?.identity === stat.identity ? known : await this.load(id);
    return published && { id, ...published, confirmedAtMs: stat.confirmedAtMs };
  }

  /** A thousand readers of a new epoch parse it once. */
  private load(id: RepositoryId): Promise<PublishedSnapshot | undefined> {
    const running = this.loading.get(id);
    if (running) return running;
    const loading = this.read(id).finally(() => this.loading.delete(id));
    this.loading.set(id, loading);
    return loading;
  }

  private async read(id: RepositoryId): Promise<PublishedSnapshot | undefined> {
    const published = await this.disk.readPublished(id);
    if (published) this.parsed.set(id, published);
    return published;
  }
}
