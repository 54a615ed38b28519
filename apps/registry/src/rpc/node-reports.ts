import { Injectable } from '@nestjs/common';
import type { registry } from '@antipode/contracts';
import { isRepositoryId } from '@antipode/domain';
import { HistoryReports } from '../activity/history-reports.js';
import { LfsReports } from '../lfs-states/lfs-reports.js';
import { SyncReports } from '../sync-states/sync-reports.js';
import { readLfsReport, readReport } from './messages.js';

/** What nodes tell of themselves; what is about no repository that there could be is left out. */
@Injectable()
export class NodeReports {
  constructor(
    private readonly sync: SyncReports,
    private readonly lfs: LfsReports,
    private readonly history: HistoryReports,
  ) {}

  /** @throws AntipodeError `invalid` where the node's name could not be one; so do the others. */
  seen(node: string): void {
    this.sync.seen(node);
  }

  takeSync({ node, reports }: registry.ReportSyncRequest): void {
    this.sync.take(
      node,
      reports.filter(isKnowable).map((report) => readReport(node, report)),
    );
  }

  takeLfs({ node, reports }: registry.ReportLfsRequest): void {
    this.lfs.take(
      node,
      reports.filter(isKnowable).map((report) => readLfsReport(node, report)),
    );
  }

  /** Resolves when it is written down; so does `takeTraffic`. */
  takeRuns(request: registry.ReportRunsRequest): Promise<void> {
    return this.history.takeRuns(request);
  }

  takeTraffic(request: registry.ReportTrafficRequest): Promise<void> {
    return this.history.takeTraffic(request);
  }
}

const isKnowable = ({ repositoryId }: { readonly repositoryId: string }): boolean =>
  isRepositoryId(repositoryId);
