import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { lfs } from '@antipode/contracts';
import type { AntipodeError } from '@antipode/errors';
import { answerStream, answerUnary, RpcServer } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import type { LfsConfig } from './config.js';
import { LfsCalls } from './rpc/lfs-calls.js';
import { LFS_CONFIG } from './tokens.js';

/** LfsService on its port. */
@Injectable()
export class LfsServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly server: RpcServer;

  constructor(@Inject(LFS_CONFIG) config: LfsConfig, @Inject(LOGGER) logger: Logger, calls: LfsCalls) {
    const failed = (error: AntipodeError, method: string): void =>
      logger.warn({ err: error, method }, 'call failed');
    this.server = new RpcServer(config.GRPC_LISTEN, config).add(lfs.LfsServiceService, {
      batch: answerUnary(calls.batch.bind(calls), failed),
      takePointers: answerUnary(calls.takePointers.bind(calls), failed),
      followFill: answerStream(calls.followFill.bind(calls), failed),
    });
  }

  /** Known once it listens. */
  get port(): number {
    return this.server.port;
  }

  onApplicationBootstrap(): Promise<void> {
    return this.server.listen();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.server.close();
  }
}
