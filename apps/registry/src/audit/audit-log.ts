import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ConnectionService } from '../connection/connection.service.js';
import type { AuditEntry } from '../generated/prisma/client.js';
import type { Viewer } from '../people/viewer.js';
import type { auditSchema } from '../rest/change-schemas.js';
import { AuditStore } from './audit.store.js';

export type AuditPage = z.infer<typeof auditSchema>;
type Told = AuditPage['values'][number]['before'];

export interface AuditPageQuestion {
  /** The `next` of the page before: digits. */
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly viewer: Viewer;
}

/** The log as people read it: the newest first, page by page. */
@Injectable()
export class AuditLog {
  constructor(
    private readonly connection: ConnectionService,
    private readonly store: AuditStore,
  ) {}

  /** What was done in another workspace's time names its people and projects: only the admin token sees that. */
  async page({ cursor, limit, viewer }: AuditPageQuestion): Promise<AuditPage> {
    const before = cursor === undefined ? undefined : BigInt(cursor);
    const workspace = viewer.kind === 'token' ? undefined : await this.connection.workspace();
    const entries = await this.store.list({ before, workspace, limit: limit + 1 });
    const values = entries.slice(0, limit).map(writeEntry);
    return { values, next: entries.length > limit ? (values.at(-1)?.id ?? null) : null };
  }
}

const writeEntry = ({ id, at, before, after, ...entry }: AuditEntry): AuditPage['values'][number] => ({
  id: id.toString(),
  at: at.toISOString(),
  actor: entry.actor,
  address: entry.address,
  action: entry.action,
  subject: entry.subject,
  // Only `add` writes here.
  before: before as Told,
  after: after as Told,
});
