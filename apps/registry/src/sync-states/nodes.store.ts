import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** A node that has been silent this long gets no more jobs; it compares everything when it comes back. */
const FORGOTTEN_AFTER_MS = 7 * 86_400_000;
const WRITE_EVERY_MS = 10_000;

/** Nodes that have asked for repositories or reported on them. */
@Injectable()
export class NodesStore {
  private readonly written = new Map<string, number>();

  constructor(private readonly database: Database) {}

  /** Writes at most every ten seconds per node. */
  async seen(name: string): Promise<void> {
    const now = Date.now();
    if (now - (this.written.get(name) ?? 0) < WRITE_EVERY_MS) return;
    const seenAt = new Date(now);
    await this.database.prisma.node.upsert({ where: { name }, create: { name, seenAt }, update: { seenAt } });
    this.written.set(name, now);
  }

  async list(): Promise<{ name: string; seenAt: Date }[]> {
    const since = new Date(Date.now() - FORGOTTEN_AFTER_MS);
    return this.database.prisma.node.findMany({ where: { seenAt: { gt: since } }, orderBy: { name: 'asc' } });
  }
}
