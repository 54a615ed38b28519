import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { auth } from '@antipode/contracts';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import type { Primary } from '@antipode/primary';
import { answerUnary, RpcServer } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { AccessKeyReader } from '../access-keys/access-key-reader.js';
import { CONFIG, type AuthConfig } from '../config.js';
import { IdentifyService } from '../holders/identify.service.js';
import { RelayCredentials } from '../holders/relay-credentials.js';
import { AuthorizeService } from './authorize.service.js';
import { PRIMARY } from './primary-oracle.js';
import { readCaller, readHolder, readPath, readRight, writeHolder } from './read-question.js';

/** AuthService on the wire: proto in, domain out, no decisions of its own. */
@Injectable()
export class AuthorizeRpc implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly server: RpcServer;

  constructor(
    @Inject(CONFIG) config: AuthConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly service: AuthorizeService,
    private readonly keys: IdentifyService,
    private readonly relay: RelayCredentials,
    private readonly accessKeys: AccessKeyReader,
  ) {
    const failed = (error: AntipodeError, method: string): void =>
      logger.warn({ err: error, method }, 'call failed');
    this.server = new RpcServer(config.GRPC_LISTEN, config).add(auth.AuthServiceService, {
      authorize: answerUnary((request: auth.AuthorizeRequest) => this.authorize(request), failed),
      identifyKey: answerUnary((request: auth.IdentifyKeyRequest) => this.identifyKey(request), failed),
      noticeUnknownKeys: answerUnary(
        (request: auth.NoticeUnknownKeysRequest) => this.noticeUnknownKeys(request),
        failed,
      ),
      getRelayCredential: answerUnary(
        (request: auth.GetRelayCredentialRequest) => this.getRelayCredential(request),
        failed,
      ),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.server.listen();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.server.close();
  }

  private async authorize(request: auth.AuthorizeRequest): Promise<auth.AuthorizeResponse> {
    const { principal, validUntil, outage } = await this.service.authorize({
      path: readPath(this.primary, request.repositoryPath),
      right: readRight(request.right),
      caller: readCaller(request),
      clientAddress: request.clientAddress,
    });
    return { principal, validUntilMs: validUntil, outage };
  }

  private async identifyKey(request: auth.IdentifyKeyRequest): Promise<auth.IdentifyKeyResponse> {
    const found = await this.keys.identify(request.publicKey, request.clientAddress);
    return found
      ? { holder: writeHolder(found.holder), displayName: found.displayName }
      : { holder: undefined, displayName: '' };
  }

  /** Answered before anything is read: how long it takes must not tell whether the repository exists. */
  private noticeUnknownKeys(request: auth.NoticeUnknownKeysRequest): Promise<auth.NoticeUnknownKeysResponse> {
    const path = readPath(this.primary, request.repositoryPath);
    this.accessKeys
      .notice(path)
      .catch((error: unknown) =>
        this.logger.debug({ err: toAntipodeError(error, 'reading access keys') }, 'a notice came to nothing'),
      );
    return Promise.resolve({});
  }

  private async getRelayCredential(
    request: auth.GetRelayCredentialRequest,
  ): Promise<auth.GetRelayCredentialResponse> {
    if (!request.keyHolder) throw new AntipodeError('invalid', 'reading the holder of a key');
    const authorization = await this.relay.lend({
      path: readPath(this.primary, request.repositoryPath),
      right: readRight(request.right),
      holder: readHolder(request.keyHolder),
      clientAddress: request.clientAddress,
    });
    return { authorization };
  }
}
