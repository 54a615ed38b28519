import { Inject, Injectable } from '@nestjs/common';
import { RepositoryTable } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import type { LfsTold } from '../lfs/mirror-lfs.js';
import type { EndedRun } from '../mirrors/mirror.js';
import type { MirrorStatus } from '../mirrors/mirror-status.js';
import { RunReportsService } from './run-reports.service.js';
import { SyncMetrics } from './sync-metrics.js';
import { SyncReportsService } from './sync-reports.service.js';

/** The one place where runs are told to the world: a log line, metrics, a report to the registry. */
@Injectable()
export class RunObserver {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly table: RepositoryTable,
    private readonly metrics: SyncMetrics,
    private readonly reports: SyncReportsService,
    private readonly runs: RunReportsService,
  ) {}

  changed(status: MirrorStatus, when: 'soon' | 'later'): void {
    this.reports.report(status, when);
  }

  /** A change that brought large files. */
  broughtLfs({ id, pointers, end, tookMs }: LfsTold): void {
    this.metrics.broughtLfs(pointers);
    const about = { repository_id: id, path: this.table.get(id)?.path, took_ms: Math.round(tookMs) };
    const line = { ...about, pointers, outcome: end.kind };
    if (end.kind === 'unnoted' || end.kind === 'away')
      this.logger.warn({ ...line, err: end.error }, 'large files not brought yet');
    else
      this.logger.info(
        { ...line, ...(end.kind === 'filled' ? { missing: end.missing } : {}) },
        'large files',
      );
  }

  ended(run: EndedRun): void {
    const { id, tookMs, result } = run;
    this.runs.ended(run);
    this.metrics.ended({ tookMs, result });
    const about = { repository_id: id, path: this.table.get(id)?.path, took_ms: Math.round(tookMs) };
    if (result instanceof Error) {
      this.logger.warn({ ...about, outcome: result.code, err: result }, 'sync failed');
      return;
    }
    const { kind, epoch, receivedBytes } = result;
    const line = { ...about, outcome: kind, epoch, received_bytes: receivedBytes };
    // Most runs find nothing new; at info they would bury the others.
    if (kind === 'unchanged') this.logger.debug(line, 'sync');
    else this.logger.info(line, 'sync');
  }
}
