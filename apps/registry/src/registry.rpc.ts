import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { registry } from '@antipode/contracts';
import { isRepositoryId, type MirrorPhase } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { answerStream, answerUnary, RpcServer, type CallContext } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type RegistryConfig } from './config.js';
import { ConnectionService } from './connection/connection.service.js';
import { ConfiguredRepositories } from './discovery/configured-repositories.js';
import { RepositoryFeed, type FeedEvent } from './repositories/repository-feed.js';
import type { FeedRow } from './repositories/repository.js';
import type { Selection } from './selection/selection.js';
import { SelectionService } from './selection/selection.service.js';
import { NodesStore } from './sync-states/nodes.store.js';
import type { SyncStateRow } from './sync-states/sync-state.js';
import { SyncReports } from './sync-states/sync-reports.js';

const NODE_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** How often a watching node is noted as seen. */
const SEEN_EVERY_MS = 60_000;
const LONGEST_ERROR = 500;

/** RegistryService: proto ⇄ domain, no decisions. */
@Injectable()
export class RegistryRpc implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly server: RpcServer;

  constructor(
    @Inject(CONFIG) config: RegistryConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly connection: ConnectionService,
    private readonly configured: ConfiguredRepositories,
    private readonly feed: RepositoryFeed,
    private readonly nodes: NodesStore,
    private readonly reports: SyncReports,
    private readonly selection: SelectionService,
  ) {
    this.server = new RpcServer(config.GRPC_LISTEN, config).add(
      registry.RegistryServiceService,
      this.handlers(),
    );
  }

  get port(): number {
    return this.server.port;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.server.listen();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.server.close();
  }

  private handlers(): registry.RegistryServiceServer {
    const onFailure = (error: AntipodeError, method: string): void =>
      this.logger.error({ err: error, method }, 'a call failed');
    return {
      watchRepositories: answerStream(
        (request: registry.WatchRepositoriesRequest, call) => this.watch(request, call),
        onFailure,
      ),
      learnRepository: answerUnary(
        ({ path }: registry.LearnRepositoryRequest, call) => this.learn(path, call),
        onFailure,
      ),
      getConnection: answerUnary(() => this.getConnection(), onFailure),
      reportSync: answerUnary((request: registry.ReportSyncRequest) => this.reportSync(request), onFailure),
      getSelection: answerUnary(
        async () => ({ selection: writeSelection(await this.selection.read()) }),
        onFailure,
      ),
      setSelection: answerUnary(
        (request: registry.SetSelectionRequest) => this.setSelection(request),
        onFailure,
      ),
    };
  }

  private async *watch(
    { node }: registry.WatchRepositoriesRequest,
    { signal }: CallContext,
  ): AsyncGenerator<registry.WatchRepositoriesResponse> {
    this.note(node);
    const timer = setInterval(() => this.note(node), SEEN_EVERY_MS);
    try {
      for await (const event of this.feed.watch(signal)) yield { event: writeEvent(event) };
    } finally {
      clearInterval(timer);
    }
  }

  private async learn(path: string, { signal }: CallContext): Promise<registry.LearnRepositoryResponse> {
    return { repository: writeRepository(await this.configured.learn(path, signal)) };
  }

  private async getConnection(): Promise<registry.GetConnectionResponse> {
    return {
      workspace: this.connection.workspace ?? '',
      gitAuthorization: await this.connection.gitAuthorization(),
    };
  }

  private async reportSync({
    node,
    reports,
  }: registry.ReportSyncRequest): Promise<registry.ReportSyncResponse> {
    this.note(node);
    this.reports.take(
      reports
        .filter(({ repositoryId }) => isRepositoryId(repositoryId))
        .map((report) => readReport(node, report)),
    );
    return {};
  }

  private async setSelection({
    selection,
  }: registry.SetSelectionRequest): Promise<registry.SetSelectionResponse> {
    if (!selection)
      throw new AntipodeError('invalid', 'choosing projects', {}, { hint: 'The selection is missing.' });
    const wanted: Selection = selection.all
      ? { all: true }
      : { all: false, projectKeys: selection.projectKeys };
    return { selection: writeSelection(await this.selection.choose(wanted)) };
  }

  /** In the background: a watcher must not wait for the database. */
  private note(node: string): void {
    if (!NODE_NAME.test(node)) throw new AntipodeError('invalid', 'reading a node name', { node });
    this.nodes.seen(node).catch((error: unknown) => this.logger.debug({ err: error }, 'noting a node'));
  }
}

function writeEvent(event: FeedEvent): NonNullable<registry.WatchRepositoriesResponse['event']> {
  switch (event.kind) {
    case 'upserted':
      return { $case: 'upserted', value: writeRepository(event.row) };
    case 'removed':
      return { $case: 'removed', value: event.id };
    case 'complete':
      return { $case: 'complete', value: {} };
  }
}

const writeRepository = ({ id, path, projectKey, public: isPublic }: FeedRow): registry.Repository => ({
  id,
  path,
  projectKey,
  public: isPublic,
  freshness: '',
});

const writeSelection = (selection: Selection): registry.Selection => ({
  all: selection.all,
  projectKeys: selection.all ? [] : [...selection.projectKeys],
});

const PHASE: Record<registry.SyncPhase, MirrorPhase> = {
  [registry.SyncPhase.SYNC_PHASE_UNSPECIFIED]: 'absent',
  [registry.SyncPhase.SYNC_PHASE_ABSENT]: 'absent',
  [registry.SyncPhase.SYNC_PHASE_CLONING]: 'cloning',
  [registry.SyncPhase.SYNC_PHASE_READY]: 'ready',
  [registry.SyncPhase.SYNC_PHASE_SYNCING]: 'syncing',
  [registry.SyncPhase.SYNC_PHASE_FAILING]: 'failing',
  [registry.SyncPhase.SYNC_PHASE_REMOVED]: 'removed',
  // What a newer node may say.
  [registry.SyncPhase.UNRECOGNIZED]: 'absent',
};

function readReport(node: string, report: registry.SyncReport): SyncStateRow {
  const { progress, error, errorCode, confirmedAtMs } = report;
  return {
    repositoryId: report.repositoryId,
    node,
    phase: PHASE[report.phase] ?? 'absent',
    epoch: report.epoch,
    confirmedAt: confirmedAtMs > 0 ? new Date(confirmedAtMs) : null,
    progress: progress
      ? {
          step: progress.step,
          percent: Math.min(progress.percent, 100),
          receivedBytes: progress.receivedBytes,
        }
      : null,
    error: errorCode ? { code: errorCode, message: error.slice(0, LONGEST_ERROR) } : null,
    sizeBytes: report.sizeBytes,
    receivedBytesTotal: report.receivedBytesTotal,
    reportedAt: new Date(report.reportedAtMs || Date.now()),
  };
}
