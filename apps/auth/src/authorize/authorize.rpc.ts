import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { auth } from '@antipode/contracts';
import type { Right } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import type { Primary } from '@antipode/primary';
import { answerUnary, RpcServer } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type AuthConfig } from '../config.js';
import { AuthorizeService } from './authorize.service.js';
import { PRIMARY } from './primary-oracle.js';

const RIGHTS: Partial<Record<auth.Right, Right>> = {
  [auth.Right.RIGHT_READ]: 'read',
  [auth.Right.RIGHT_WRITE]: 'write',
};

/** AuthService on the wire: proto in, domain out, no decisions of its own. */
@Injectable()
export class AuthorizeRpc implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly server: RpcServer;

  constructor(
    @Inject(CONFIG) config: AuthConfig,
    @Inject(LOGGER) logger: Logger,
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly service: AuthorizeService,
  ) {
    const failed = (error: AntipodeError, method: string): void =>
      logger.warn({ err: error, method }, 'call failed');
    this.server = new RpcServer(config.GRPC_LISTEN, config).add(auth.AuthServiceService, {
      authorize: answerUnary((request: auth.AuthorizeRequest) => this.authorize(request), failed),
      identifyKey: answerUnary(() => this.identifyKey(), failed),
      noticeUnknownKeys: answerUnary(() => Promise.resolve({}), failed),
      getRelayCredential: answerUnary(() => this.getRelayCredential(), failed),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.server.listen();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.server.close();
  }

  /** No key is known yet. */
  private identifyKey(): Promise<auth.IdentifyKeyResponse> {
    return Promise.resolve({ holder: undefined, displayName: '' });
  }

  private getRelayCredential(): Promise<auth.GetRelayCredentialResponse> {
    return Promise.reject(new AntipodeError('not_found', 'lending a credential'));
  }

  private async authorize(request: auth.AuthorizeRequest): Promise<auth.AuthorizeResponse> {
    if (request.keyHolder) throw new AntipodeError('not_found', 'authorizing the holder of a key');
    const right = RIGHTS[request.right];
    if (right === undefined) throw new AntipodeError('invalid', 'reading the right that is asked for');
    // The edge has parsed the path; what is not in the adapter's normal form was not asked by it.
    const path = request.repositoryPath;
    if (this.primary.parseRepositoryPath(path) !== path)
      throw new AntipodeError('invalid', 'reading a repository path');
    const { principal, validUntil, outage } = await this.service.authorize({
      path,
      right,
      authorization: request.authorization === '' ? undefined : request.authorization,
      clientAddress: request.clientAddress,
    });
    return { principal, validUntilMs: validUntil, outage };
  }
}
