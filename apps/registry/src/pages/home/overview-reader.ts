import { Injectable } from '@nestjs/common';
import { Activity } from '../../activity/activity.js';
import { Progress } from '../../events/progress.js';
import type { Viewer } from '../../people/viewer.js';
import { MirrorStatus } from '../../rest/mirror-status.js';
import { Mirrors } from '../../siblings/mirrors.js';
import { ConnectionReader } from './connection-reader.js';
import type { ConnectionSummary, OverviewView } from './home-view.js';

/** What administrators see at a glance. */
@Injectable()
export class OverviewReader {
  constructor(
    private readonly activity: Activity,
    private readonly connection: ConnectionReader,
    private readonly mirrors: Mirrors,
    private readonly progress: Progress,
    private readonly status: MirrorStatus,
  ) {}

  async read(viewer: Viewer): Promise<Omit<OverviewView, keyof ConnectionSummary>> {
    const [status, overall, webhook, lag] = await Promise.all([
      this.status.read(),
      this.progress.read({ all: true }),
      this.connection.webhook(),
      this.lag(viewer),
    ]);
    const { selection, repositories, sweep, nodes, removalSuspended, checks } = status;
    return {
      selection,
      overall,
      lag,
      webhook,
      byPhase: repositories.byPhase,
      sweptAt: sweep.lastAt,
      nodes,
      mirrors: this.mirrors.list(viewer),
      suspended: removalSuspended,
      away: PARTS.filter(([check]) => checks[check] === 'away').map(([, name]) => name),
    };
  }

  /** As it was sampled last, within the hour. */
  private async lag(viewer: Viewer): Promise<OverviewView['lag']> {
    const { points } = await this.activity.read(1, viewer);
    for (const { lag } of points.toReversed()) {
      const { p50, p95, max } = lag;
      if (p50 !== null && p95 !== null && max !== null) return { p50, p95, max };
    }
    return null;
  }
}

const PARTS = [
  ['database', 'PostgreSQL'],
  ['redis', 'Redis'],
] as const;
