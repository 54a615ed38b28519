import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { auth } from '@antipode/contracts';
import type { AntipodeError } from '@antipode/errors';
import { answerUnary, RpcServer } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type AuthConfig } from '../config.js';
import { PeopleCalls } from '../people/people-calls.js';
import { AuthCalls } from './auth-calls.js';

/** AuthService on the wire. */
@Injectable()
export class AuthorizeRpc implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly server: RpcServer;

  constructor(
    @Inject(CONFIG) config: AuthConfig,
    @Inject(LOGGER) logger: Logger,
    calls: AuthCalls,
    people: PeopleCalls,
  ) {
    const failed = (error: AntipodeError, method: string): void =>
      logger.warn({ err: error, method }, 'call failed');
    this.server = new RpcServer(config.GRPC_LISTEN, config).add(auth.AuthServiceService, {
      authorize: answerUnary((request: auth.AuthorizeRequest) => calls.authorize(request), failed),
      identifyKey: answerUnary((request: auth.IdentifyKeyRequest) => calls.identifyKey(request), failed),
      noticeUnknownKeys: answerUnary(
        (request: auth.NoticeUnknownKeysRequest) => calls.noticeUnknownKeys(request),
        failed,
      ),
      getRelayCredential: answerUnary(
        (request: auth.GetRelayCredentialRequest) => calls.getRelayCredential(request),
        failed,
      ),
      identifyPerson: answerUnary((request: auth.IdentifyPersonRequest) => people.identify(request), failed),
      listWorkspaces: answerUnary(
        (request: auth.ListWorkspacesRequest) => people.workspaces(request),
        failed,
      ),
      listReadable: answerUnary((request: auth.ListReadableRequest) => people.readable(request), failed),
      getAccountToken: answerUnary((request: auth.GetAccountTokenRequest) => people.lend(request), failed),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.server.listen();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.server.close();
  }
}
