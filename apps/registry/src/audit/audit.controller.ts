import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { AdminRoute } from '../rest/openapi.js';
import { auditQuery, auditSchema } from '../rest/change-schemas.js';
import { validate } from '../rest/validate.js';
import { AuditStore } from './audit.store.js';

type AuditAnswer = z.infer<typeof auditSchema>;

@ApiTags('audit')
@Controller('-/api/v1/audit')
export class AuditController {
  constructor(private readonly audit: AuditStore) {}

  @Get()
  @AdminRoute({
    summary: 'Lists who changed what, when and from where; the newest first, page by page',
    query: auditQuery,
    answer: auditSchema,
    problems: [400],
  })
  async list(@Query() query: unknown): Promise<AuditAnswer> {
    const { cursor, limit } = validate(auditQuery, query);
    const before = cursor === undefined ? undefined : BigInt(cursor);
    const entries = await this.audit.list({ before, limit: limit + 1 });
    const values = entries.slice(0, limit).map(({ id, at, before, after, ...entry }) => ({
      id: id.toString(),
      at: at.toISOString(),
      ...entry,
      // Only `add` writes here.
      before: before as AuditAnswer['values'][number]['before'],
      after: after as AuditAnswer['values'][number]['after'],
    }));
    return { values, next: entries.length > limit ? (values.at(-1)?.id ?? null) : null };
  }
}
