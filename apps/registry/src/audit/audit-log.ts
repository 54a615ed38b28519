import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import type { auditSchema } from '../rest/change-schemas.js';
import { AuditStore } from './audit.store.js';

export type AuditPage = z.infer<typeof auditSchema>;
type Told = AuditPage['values'][number]['before'];

/** The log as people read it: the newest first, page by page. */
@Injectable()
export class AuditLog {
  constructor(private readonly store: AuditStore) {}

  /** @param cursor the `next` of the page before: digits */
  async page({ cursor, limit }: { cursor?: string | undefined; limit: number }): Promise<AuditPage> {
    const before = cursor === undefined ? undefined : BigInt(cursor);
    const entries = await this.store.list({ before, limit: limit + 1 });
    const values = entries.slice(0, limit).map(({ id, at, before: was, after: is, ...entry }) => ({
      id: id.toString(),
      at: at.toISOString(),
      ...entry,
      // Only `add` writes here.
      before: was as Told,
      after: is as Told,
    }));
    return { values, next: entries.length > limit ? (values.at(-1)?.id ?? null) : null };
  }
}
