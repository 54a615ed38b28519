import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Activity } from '../../activity/activity.js';
import { Runs } from '../../activity/runs.js';
import { AuditLog } from '../../audit/audit-log.js';
import { isAdministrator, type Viewer } from '../../people/viewer.js';
import { Viewers } from '../../people/viewers.js';
import { Pages } from '../pages.js';
import type { Visit } from '../visit.js';
import { activityPage, SPANS, type ActivityView } from './activity.page.js';
import type { RunView } from './activity-view.js';

const SHOWN_RUNS = 15;
const SHOWN_ENTRIES = 20;

@ApiExcludeController()
@Controller('-/activity')
export class ActivityPageController {
  constructor(
    private readonly activity: Activity,
    private readonly audit: AuditLog,
    private readonly pages: Pages,
    private readonly runs: Runs,
    private readonly viewers: Viewers,
  ) {}

  @Get()
  show(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.show([request, response], 'members', async (visit) =>
      activityPage(await this.view(visit)),
    );
  }

  private async view({ viewer, url }: Visit): Promise<ActivityView> {
    const wanted = Number(url.searchParams.get('hours'));
    const hours = SPANS.find(([span]) => span === wanted)?.[0] ?? 24;
    const before = /^\d{1,18}$/.exec(url.searchParams.get('before') ?? '')?.[0];
    const [activity, runs, failures, audit] = await Promise.all([
      this.activity.read(hours, viewer),
      this.recent(viewer),
      this.recent(viewer, 'failed'),
      isAdministrator(viewer) ? this.audit.page({ cursor: before, limit: SHOWN_ENTRIES, viewer }) : undefined,
    ]);
    return { hours, activity, runs, failures, audit: audit?.values, nextAudit: audit?.next ?? null };
  }

  private async recent(viewer: Viewer, outcome?: 'failed'): Promise<RunView[]> {
    const sight = await this.viewers.sightOf(viewer);
    return (await this.runs.page({ outcome, limit: SHOWN_RUNS }, sight)).values;
  }
}
