import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentViewer } from '../people/current-viewer.js';
import type { Viewer } from '../people/viewer.js';
import { AdminRoute } from '../rest/openapi.js';
import { auditQuery, auditSchema } from '../rest/change-schemas.js';
import { validate } from '../rest/validate.js';
import { AuditLog, type AuditPage } from './audit-log.js';

@ApiTags('audit')
@Controller('-/api/v1/audit')
export class AuditController {
  constructor(private readonly log: AuditLog) {}

  @Get()
  @AdminRoute({
    summary:
      'Lists who changed what, when and from where; the newest first, page by page. Of what was done before in another ' +
      'workspace only the admin token is told',
    query: auditQuery,
    answer: auditSchema,
    problems: [400],
  })
  list(@Query() query: unknown, @CurrentViewer() viewer: Viewer): Promise<AuditPage> {
    return this.log.page({ ...validate(auditQuery, query), viewer });
  }
}
