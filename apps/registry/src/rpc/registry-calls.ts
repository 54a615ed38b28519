import { Injectable } from '@nestjs/common';
import type { registry } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import type { CallContext } from '@antipode/rpc';
import { ConnectionService } from '../connection/connection.service.js';
import { ConfiguredRepositories } from '../discovery/configured-repositories.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import type { ProjectChoice } from '../selection/selection.js';
import { SelectionService } from '../selection/selection.service.js';
import { writeEvent, writeRepository, writeSelection } from './messages.js';
import { NodeReports } from './node-reports.js';

/** How often a watching node is noted as seen. */
const SEEN_EVERY_MS = 60_000;

/** What RegistryService promises (registry.proto): proto ⇄ domain, no decisions. */
@Injectable()
export class RegistryCalls {
  constructor(
    private readonly connection: ConnectionService,
    private readonly configured: ConfiguredRepositories,
    private readonly feed: RepositoryFeed,
    private readonly reports: NodeReports,
    private readonly selection: SelectionService,
  ) {}

  async *watchRepositories(
    { node }: registry.WatchRepositoriesRequest,
    { signal }: CallContext,
  ): AsyncGenerator<registry.WatchRepositoriesResponse> {
    // A service that keeps no mirrors has no name: jobs for it would wait forever.
    const seen = (): void => (node === '' ? undefined : this.reports.seen(node));
    seen();
    const timer = setInterval(seen, SEEN_EVERY_MS);
    try {
      for await (const event of this.feed.watch(signal)) {
        // A host that is mirrored by its settings alone has no connection, and nothing to tell of it.
        if (event.kind === 'connection' && !this.connection.primary.discovery) continue;
        yield { event: writeEvent(event) };
      }
    } finally {
      clearInterval(timer);
    }
  }

  async learnRepository(
    { path }: registry.LearnRepositoryRequest,
    { signal }: CallContext,
  ): Promise<registry.LearnRepositoryResponse> {
    return { repository: writeRepository(await this.configured.learn(path, signal)) };
  }

  async getConnection(): Promise<registry.GetConnectionResponse> {
    const workspace = await this.connection.workspace();
    const gitAuthorization = await this.connection.gitAuthorization();
    const {
      token = '',
      email = '',
      username = '',
    } = gitAuthorization === '' ? {} : await this.connection.credential();
    return { workspace, gitAuthorization, token, email, username };
  }

  reportSync(request: registry.ReportSyncRequest): Promise<registry.ReportSyncResponse> {
    this.reports.takeSync(request);
    return Promise.resolve({});
  }

  reportLfs(request: registry.ReportLfsRequest): Promise<registry.ReportLfsResponse> {
    this.reports.takeLfs(request);
    return Promise.resolve({});
  }

  async reportRuns(request: registry.ReportRunsRequest): Promise<registry.ReportRunsResponse> {
    await this.reports.takeRuns(request);
    return {};
  }

  async reportTraffic(request: registry.ReportTrafficRequest): Promise<registry.ReportTrafficResponse> {
    await this.reports.takeTraffic(request);
    return {};
  }

  async getSelection(): Promise<registry.GetSelectionResponse> {
    return { selection: writeSelection(await this.selection.read()) };
  }

  async setSelection({ selection }: registry.SetSelectionRequest): Promise<registry.SetSelectionResponse> {
    if (!selection) {
      throw new AntipodeError('invalid', 'choosing projects', {}, { hint: 'The selection is missing.' });
    }
    const wanted: ProjectChoice = selection.all
      ? { all: true }
      : { all: false, projectKeys: selection.projectKeys };
    const { chosen } = await this.selection.choose(wanted, { by: { actor: 'rpc' } });
    return { selection: writeSelection(chosen) };
  }
}
