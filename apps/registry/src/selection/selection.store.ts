import { Injectable } from '@nestjs/common';
import type { PrimaryProject } from '@antipode/primary';
import { Database } from '../database/database.js';
import type { Selection as SelectionRow } from '../generated/prisma/client.js';
import type { Transaction } from '../repositories/repositories.store.js';
import type { PublicPolicy, Selection } from './selection.js';

/** The selection, and the projects that it is made of. */
@Injectable()
export class SelectionStore {
  constructor(private readonly database: Database) {}

  async read(transaction: Transaction = this.database.prisma): Promise<Selection> {
    return readRow(await transaction.selection.findUniqueOrThrow({ where: { id: 1 } }));
  }

  async write(transaction: Transaction, selection: Selection): Promise<void> {
    const data = {
      all: selection.all,
      projectKeys: selection.all ? [] : [...selection.projectKeys],
      publicRepositories: selection.publicRepositories,
      changedAt: new Date(),
    };
    await transaction.selection.update({ where: { id: 1 }, data });
  }

  async projects(): Promise<PrimaryProject[]> {
    const rows = await this.database.prisma.project.findMany({ orderBy: { key: 'asc' } });
    return rows.map(({ key, id, name, private: isPrivate }) => ({ key, id, name, private: isPrivate }));
  }

  /** Takes a whole listing; what it does not name is forgotten. */
  async replaceProjects(projects: readonly PrimaryProject[]): Promise<void> {
    const seenAt = new Date();
    await this.database.prisma.$transaction([
      this.database.prisma.project.deleteMany(),
      this.database.prisma.project.createMany({
        data: projects.map((project) => ({ ...project, seenAt })),
        skipDuplicates: true,
      }),
    ]);
  }
}

function readRow({ all, projectKeys, publicRepositories }: SelectionRow): Selection {
  // Only `write` writes here.
  const policy = { publicRepositories: publicRepositories as PublicPolicy };
  return all ? { all: true, ...policy } : { all: false, projectKeys, ...policy };
}
