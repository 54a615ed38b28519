import { Injectable } from '@nestjs/common';
import { hashOf } from '@antipode/web-pages';
import { Database } from '../database/database.js';

/** Browsers that have shown the admin token, by the hash of a value that only they have. */
@Injectable()
export class PageSessionsStore {
  constructor(private readonly database: Database) {}

  async isAlive(session: string): Promise<boolean> {
    const idHash = hashOf(session);
    return (
      (await this.database.prisma.pageSession.count({ where: { idHash, endsAt: { gt: new Date() } } })) > 0
    );
  }

  async begin(session: string, endsAt: Date): Promise<void> {
    const { pageSession } = this.database.prisma;
    await pageSession.deleteMany({ where: { endsAt: { lte: new Date() } } });
    await pageSession.create({ data: { idHash: hashOf(session), endsAt } });
  }

  async end(session: string): Promise<void> {
    await this.database.prisma.pageSession.deleteMany({ where: { idHash: hashOf(session) } });
  }
}
