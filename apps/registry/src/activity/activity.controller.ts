import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentViewer } from '../people/current-viewer.js';
import type { Viewer } from '../people/viewer.js';
import { Viewers } from '../people/viewers.js';
import { MemberRoute } from '../rest/openapi.js';
import { validate } from '../rest/validate.js';
import { Activity } from './activity.js';
import { activityQuery, activitySchema, runsQuery, runsSchema } from './activity-schemas.js';
import { Runs } from './runs.js';

@ApiTags('activity')
@Controller('-/api/v1')
export class ActivityController {
  constructor(
    private readonly activity: Activity,
    private readonly runs: Runs,
    private readonly viewers: Viewers,
  ) {}

  @Get('activity')
  @MemberRoute({
    summary: 'Shows lag and traffic of the whole mirror in the last hours, in at most 200 points',
    query: activityQuery,
    answer: activitySchema,
    problems: [400],
  })
  show(@Query() query: unknown, @CurrentViewer() viewer: Viewer): Promise<z.infer<typeof activitySchema>> {
    return this.activity.read(validate(activityQuery, query).hours, viewer);
  }

  @Get('runs')
  @MemberRoute({
    summary: 'Lists syncs that changed a repository or failed; the newest first, page by page',
    query: runsQuery,
    answer: runsSchema,
    problems: [400],
  })
  async list(@Query() query: unknown, @CurrentViewer() viewer: Viewer): Promise<z.infer<typeof runsSchema>> {
    return this.runs.page(validate(runsQuery, query), await this.viewers.sightOf(viewer));
  }
}
