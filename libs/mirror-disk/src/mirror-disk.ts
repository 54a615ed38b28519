import { statSync, type BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryId } from '@antipode/domain';
import { CONFIRMED_FILE, mirrorFolder, OWN_FOLDER, SNAPSHOT_FILE } from './layout.js';
import { readSnapshotText } from './snapshot-text.js';
import type { Snapshot } from './snapshot.js';

export interface MirrorStat {
  /** Changes whenever another snapshot is published; the key under which to keep a parsed one. */
  readonly identity: string;
  /** The moment (ms since 1970) for which the epoch is known to equal the primary; 0 where it never was. */
  readonly confirmedAtMs: number;
}

export interface PublishedSnapshot {
  readonly identity: string;
  readonly snapshot: Snapshot;
}

/**
 * The mirror repositories of one node, as doors see them: read only.
 *
 * A repository without a snapshot does not exist for a reader, whatever lies in its folder.
 */
export class MirrorDisk {
  /** @param root the folder of all mirror repositories: `<data>/repositories`. */
  constructor(readonly root: string) {}

  /** The bare repository, for git's `--git-dir`. @throws AntipodeError `invalid` where `id` is not a uuid. */
  repositoryPath(id: RepositoryId): string {
    return mirrorFolder(this.root, id);
  }

  snapshotPath(id: RepositoryId): string {
    return join(this.repositoryPath(id), OWN_FOLDER, SNAPSHOT_FILE);
  }

  confirmedPath(id: RepositoryId): string {
    return join(this.repositoryPath(id), OWN_FOLDER, CONFIRMED_FILE);
  }

  /** What is published, and how fresh it is, by exactly two stats. Undefined while nothing is published. */
  async statMirror(id: RepositoryId): Promise<MirrorStat | undefined> {
    // In this order: a sync between the two must show an epoch as older than it is, never as fresher.
    const confirmed = await statOrNothing(this.confirmedPath(id));
    return describe(await statOrNothing(this.snapshotPath(id)), confirmed);
  }

  /** As `statMirror`, without leaving the event loop: microseconds on a local disk. */
  statMirrorSync(id: RepositoryId): MirrorStat | undefined {
    const options = { bigint: true, throwIfNoEntry: false } as const;
    const confirmed = statSync(this.confirmedPath(id), options);
    return describe(statSync(this.snapshotPath(id), options), confirmed);
  }

  /**
   * The published snapshot together with its identity: of one file, also while another is being published.
   *
   * @throws AntipodeError `mirror_damaged`.
   */
  async readPublished(id: RepositoryId): Promise<PublishedSnapshot | undefined> {
    const file = await open(this.snapshotPath(id)).catch(absent);
    if (!file) return undefined;
    try {
      const identity = identify(await file.stat({ bigint: true }));
      return { identity, snapshot: readSnapshotText(await file.readFile()) };
    } finally {
      await file.close();
    }
  }

  /** @throws AntipodeError `mirror_damaged`. */
  async readSnapshot(id: RepositoryId): Promise<Snapshot | undefined> {
    return (await this.readPublished(id))?.snapshot;
  }
}

function describe(
  snapshot: BigIntStats | undefined,
  confirmed: BigIntStats | undefined,
): MirrorStat | undefined {
  if (!snapshot) return undefined;
  return { identity: identify(snapshot), confirmedAtMs: confirmed ? readTime(confirmed) : 0 };
}

const identify = ({ mtimeNs, ino, size }: BigIntStats): string => `${mtimeNs}-${ino}-${size}`;

/** The file system keeps what we set within a microsecond; rounding gives back the millisecond. */
export const readTime = ({ mtimeNs }: BigIntStats): number => Number((mtimeNs + 500_000n) / 1_000_000n);

const statOrNothing = (path: string): Promise<BigIntStats | undefined> =>
  stat(path, { bigint: true }).catch(absent);

/** For `catch`: turns "there is no such file" into undefined. */
export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
