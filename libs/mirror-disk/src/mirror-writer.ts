import { randomBytes } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RepositoryId } from '@antipode/domain';
import { explainDiskError, flushFolder, replaceFile } from './durably.js';
import {
  CONFIRMED_FILE,
  OWN_FOLDER,
  readEntryName,
  SNAPSHOT_FILE,
  stagingFolder,
  trashFolder,
  type Entry,
} from './layout.js';
import { absent, type MirrorDisk, readTime } from './mirror-disk.js';
import { readSnapshotText, writeSnapshotText } from './snapshot-text.js';
import type { Snapshot } from './snapshot.js';
import { sweepRepository } from './sweep-repository.js';

const unique = (): string => randomBytes(6).toString('hex');

/** Without leaving the event loop in between: nothing of ours can come between the two. */
function swapIn(staging: string, path: string, trash: string): void {
  const wasThere = existsSync(path);
  if (wasThere) renameSync(path, trash);
  try {
    renameSync(staging, path);
  } catch (error) {
    if (wasThere) renameSync(trash, path);
    throw error;
  }
}

/**
 * The only hand that changes mirror repositories. One process per disk holds one of these (apps/sync);
 * whoever calls it must hold the repository's turn, so that two changes of one repository never overlap.
 */
export class MirrorWriter {
  constructor(readonly disk: MirrorDisk) {}

  /**
   * Makes an epoch the one that readers see. Every object that it names must be there already.
   *
   * @throws AntipodeError `disk_full`; readers keep the previous epoch.
   */
  async publish(id: RepositoryId, snapshot: Snapshot): Promise<void> {
    const path = this.disk.snapshotPath(id);
    await mkdir(dirname(path), { recursive: true });
    await replaceFile(path, writeSnapshotText(snapshot));
  }

  /**
   * Notes that the published epoch equalled the primary at `atMs`. Never moves backwards, so that a slow
   * question cannot undo a quick one; except from the future, where only a wrong clock can have put it.
   */
  async confirm(id: RepositoryId, atMs: number): Promise<void> {
    const path = this.disk.confirmedPath(id);
    const before = await stat(path, { bigint: true }).catch(absent);
    if (before && readTime(before) >= atMs && readTime(before) <= Date.now()) return;
    if (!before) await (await open(path, 'a')).close();
    await utimes(path, atMs / 1000, atMs / 1000);
  }

  /** An empty folder in which to build a mirror repository, on the same file system as its later place. */
  async createStaging(id: RepositoryId): Promise<string> {
    const path = stagingFolder(this.disk.root, id, unique());
    await mkdir(join(path, OWN_FOLDER), { recursive: true }).catch((error: unknown) => {
      throw explainDiskError(error, 'creating a staging folder');
    });
    return path;
  }

  /** Publishes a snapshot inside a staging folder, so that the rename brings repository and epoch in one step. */
  async publishStaged(
    staging: string,
    published: { snapshot: Snapshot; confirmedAtMs: number },
  ): Promise<void> {
    await replaceFile(join(staging, OWN_FOLDER, 'snapshot'), writeSnapshotText(published.snapshot));
    const confirmed = join(staging, OWN_FOLDER, CONFIRMED_FILE);
    await (await open(confirmed, 'a')).close();
    await utimes(confirmed, published.confirmedAtMs / 1000, published.confirmedAtMs / 1000);
  }

  /**
   * Puts a finished staging folder in its place; what was there goes to the trash, where whoever is inside goes on.
   *
   * There is no rename of two folders at once: between the two a reader finds nothing, for microseconds, and passes
   * through. Killed in between, `sweepLeftovers` does the second.
   */
  async commitStaging(id: RepositoryId, staging: string): Promise<void> {
    const path = this.disk.repositoryPath(id);
    swapIn(staging, path, this.trashOf(id));
    await flushFolder(dirname(path));
  }

  async discardStaging(staging: string): Promise<void> {
    await rm(staging, { recursive: true, force: true });
  }

  /** Ends serving at once: nobody finds the repository any more. Readers that are inside go on; see `emptyTrash`. */
  async remove(id: RepositoryId): Promise<void> {
    await rename(this.disk.repositoryPath(id), this.trashOf(id)).catch(absent);
  }

  /** Deletes what was removed before `beforeMs`. Returns how many repositories went. */
  async emptyTrash(beforeMs: number): Promise<number> {
    let deleted = 0;
    for (const { entry, path } of await this.entries()) {
      if (entry.kind !== 'trash' || entry.sinceMs >= beforeMs) continue;
      await rm(path, { recursive: true, force: true });
      deleted += 1;
    }
    return deleted;
  }

  /** Every repository that has a folder here, published or not. */
  async list(): Promise<RepositoryId[]> {
    return (await this.entries()).filter(({ entry }) => entry.kind === 'mirror').map(({ entry }) => entry.id);
  }

  /**
   * Clears what a killed predecessor left: half-built repositories, and lock and temporary files inside mirrors. What
   * it had finished, and could not put in its place any more, is put there.
   *
   * Only at start, before any git runs.
   */
  async sweepLeftovers(): Promise<void> {
    for (const { entry, path } of await this.entries()) {
      if (entry.kind === 'staging' && !(await this.finish(entry.id, path))) await this.discardStaging(path);
      if (entry.kind === 'mirror') await sweepRepository(path);
    }
  }

  /** Clears what a killed git left inside one repository. Nothing of ours may be running in it. */
  async sweep(id: RepositoryId): Promise<void> {
    await sweepRepository(this.disk.repositoryPath(id));
  }

  /** A staging folder whose snapshot is written is whole: `publishStaged` comes last. */
  private async finish(id: RepositoryId, staging: string): Promise<boolean> {
    const place = this.disk.repositoryPath(id);
    if (await stat(place).catch(absent)) return false;
    try {
      readSnapshotText(await readFile(join(staging, OWN_FOLDER, SNAPSHOT_FILE)));
    } catch {
      return false;
    }
    await rename(staging, place);
    await sweepRepository(place);
    return true;
  }

  private trashOf(id: RepositoryId): string {
    return trashFolder(this.disk.root, id, { sinceMs: Date.now(), unique: unique() });
  }

  private async entries(): Promise<{ entry: Entry; path: string }[]> {
    const found: { entry: Entry; path: string }[] = [];
    for (const shard of (await readdir(this.disk.root).catch(absent)) ?? []) {
      const folder = join(this.disk.root, shard);
      for (const name of (await readdir(folder).catch(absent)) ?? []) {
        const entry = readEntryName(name);
        if (entry) found.push({ entry, path: join(folder, name) });
      }
    }
    return found;
  }
}
