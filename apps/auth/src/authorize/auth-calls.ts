import { Inject, Injectable } from '@nestjs/common';
import type { auth } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import type { Primary } from '@antipode/primary';
import { AccessKeyReader } from '../access-keys/access-key-reader.js';
import { IdentifyService } from '../holders/identify.service.js';
import { RelayCredentials } from '../holders/relay-credentials.js';
import { AuthorizeService } from './authorize.service.js';
import { PRIMARY } from './primary.token.js';
import { readCaller, readHolder, readPath, readRight, writeHolder } from './read-question.js';

/** What AuthService promises (auth.proto): proto in, domain out, no decisions. */
@Injectable()
export class AuthCalls {
  constructor(
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly service: AuthorizeService,
    private readonly keys: IdentifyService,
    private readonly relay: RelayCredentials,
    private readonly accessKeys: AccessKeyReader,
  ) {}

  async authorize(request: auth.AuthorizeRequest): Promise<auth.AuthorizeResponse> {
    const { principal, validUntil, outage } = await this.service.authorize({
      path: readPath(this.primary, request.repositoryPath),
      right: readRight(request.right),
      caller: readCaller(request),
      clientAddress: request.clientAddress,
    });
    return { principal, validUntilMs: validUntil, outage };
  }

  async identifyKey(request: auth.IdentifyKeyRequest): Promise<auth.IdentifyKeyResponse> {
    const found = await this.keys.identify(request.publicKey, request.clientAddress);
    return found
      ? { holder: writeHolder(found.holder), displayName: found.displayName }
      : { holder: undefined, displayName: '' };
  }

  /** Answered before anything is read: how long it takes must not tell whether the repository exists. */
  noticeUnknownKeys(request: auth.NoticeUnknownKeysRequest): Promise<auth.NoticeUnknownKeysResponse> {
    const path = readPath(this.primary, request.repositoryPath);
    // A reading that fails is counted where it fails, and nobody waits for it.
    void this.accessKeys.notice(path).catch(() => undefined);
    return Promise.resolve({});
  }

  async getRelayCredential(
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
