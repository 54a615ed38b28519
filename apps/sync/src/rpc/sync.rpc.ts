import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { sync } from '@antipode/contracts';
import { isRepositoryId } from '@antipode/domain';
import { AntipodeError, isRefusal, toAntipodeError } from '@antipode/errors';
import { answerUnary, RpcServer, type CallContext } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type SyncConfig } from '../config.js';
import { SyncQueues } from '../jobs/sync-queues.js';
import { MirrorsService } from '../mirrors/mirrors.service.js';

/** SyncService on the wire: proto in, domain out, no decisions of its own. */
@Injectable()
export class SyncRpc implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly server: RpcServer;

  constructor(
    @Inject(CONFIG) config: SyncConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly mirrors: MirrorsService,
    private readonly queues: SyncQueues,
  ) {
    this.server = new RpcServer(config.GRPC_LISTEN, config);
    const failed = (error: AntipodeError, method: string): void =>
      this.logger.warn({ err: error, method }, 'call failed');
    this.server.add(sync.SyncServiceService, {
      ensureFresh: answerUnary(
        (request: sync.EnsureFreshRequest, call) => this.ensureFresh(request, call),
        failed,
      ),
      requestSync: answerUnary((request: sync.RequestSyncRequest) => this.requestSync(request), failed),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.server.listen();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.server.close();
  }

  async ensureFresh(
    { repositoryId, notBeforeMs }: sync.EnsureFreshRequest,
    { signal }: CallContext,
  ): Promise<sync.EnsureFreshResponse> {
    this.requireSelected(repositoryId);
    const now = Date.now();
    // Nobody can be confirmed for a moment that has not come.
    const wanted = notBeforeMs > 0 ? Math.min(notBeforeMs, now) : now;
    const { epoch: known, confirmedAtMs: confirmed } = this.mirrors.status(repositoryId);
    // A confirmation from the future was written by a wrong clock.
    if (known > 0 && confirmed >= wanted && confirmed <= now)
      return { epoch: known, confirmedAtMs: confirmed };
    const outcome = this.mirrors.bringUpToDate(repositoryId, wanted);
    const { epoch, confirmedAtMs } = await whileCallerWaits(outcome, signal).catch(forReader);
    return { epoch, confirmedAtMs };
  }

  private async requestSync({ repositoryId }: sync.RequestSyncRequest): Promise<sync.RequestSyncResponse> {
    this.requireSelected(repositoryId);
    await this.queues.request(repositoryId, 'reader');
    return {};
  }

  private requireSelected(id: string): void {
    if (!isRepositoryId(id)) throw new AntipodeError('invalid', 'reading a repository id');
    if (!this.mirrors.isSelected(id))
      throw new AntipodeError('not_found', 'looking for a selected repository', { id });
  }
}

/** A caller that has gone ends its own wait, and nobody else's: the run goes on. */
function whileCallerWaits<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const gone = (): void => reject(new AntipodeError('cancelled', 'waiting for a sync'));
    if (signal.aborted) gone();
    signal.addEventListener('abort', gone, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', gone));
  });
}

/** A reader did nothing wrong where the primary refuses *our* credential: it must not read that as its own 404. */
function forReader(error: unknown): never {
  const known = toAntipodeError(error, 'bringing a mirror up to date');
  if (!isRefusal(known.code)) throw known;
  throw new AntipodeError(
    'primary_unavailable',
    'bringing a mirror up to date',
    { code: known.code },
    { cause: known },
  );
}
