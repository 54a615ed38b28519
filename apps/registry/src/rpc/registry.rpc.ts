import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { registry } from '@antipode/contracts';
import type { AntipodeError } from '@antipode/errors';
import { answerStream, answerUnary, RpcServer } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type RegistryConfig } from '../config.js';
import { RegistryCalls } from './registry-calls.js';

type OnFailure = (error: AntipodeError, method: string) => void;

/** RegistryService on its port. */
@Injectable()
export class RegistryRpc implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly server: RpcServer;

  constructor(@Inject(CONFIG) config: RegistryConfig, @Inject(LOGGER) logger: Logger, calls: RegistryCalls) {
    const onFailure: OnFailure = (error, method) => logger.error({ err: error, method }, 'a call failed');
    this.server = new RpcServer(config.GRPC_LISTEN, config).add(
      registry.RegistryServiceService,
      handlers(calls, onFailure),
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
}

const handlers = (calls: RegistryCalls, onFailure: OnFailure): registry.RegistryServiceServer => ({
  watchRepositories: answerStream(calls.watchRepositories.bind(calls), onFailure),
  learnRepository: answerUnary(calls.learnRepository.bind(calls), onFailure),
  getConnection: answerUnary(calls.getConnection.bind(calls), onFailure),
  reportSync: answerUnary(calls.reportSync.bind(calls), onFailure),
  reportLfs: answerUnary(calls.reportLfs.bind(calls), onFailure),
  reportRuns: answerUnary(calls.reportRuns.bind(calls), onFailure),
  reportTraffic: answerUnary(calls.reportTraffic.bind(calls), onFailure),
  getSelection: answerUnary(calls.getSelection.bind(calls), onFailure),
  setSelection: answerUnary(calls.setSelection.bind(calls), onFailure),
});
