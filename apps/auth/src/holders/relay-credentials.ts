import { Inject, Injectable } from '@nestjs/common';
import type { RepositoryPath, Right } from '@antipode/domain';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import type { Primary } from '@antipode/primary';
import { ConnectionCredentials } from '../access-keys/connection.js';
import { AuthorizeService } from '../authorize/authorize.service.js';
import type { Holder } from '../authorize/caller.js';
import { PRIMARY } from '../authorize/primary.token.js';
import { Sentences } from '../authorize/sentences.js';
import { AccountRights } from './account-rights.js';

export interface Lending {
  readonly path: RepositoryPath;
  readonly right: Right;
  readonly holder: Holder;
  readonly clientAddress: string;
}

/** Lends a credential for one request to the primary's git endpoint, after the same decision as `Authorize`. */
@Injectable()
export class RelayCredentials {
  constructor(
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly authorize: AuthorizeService,
    private readonly accounts: AccountRights,
    private readonly connection: ConnectionCredentials,
    private readonly sentences: Sentences,
  ) {}

  /** @throws AntipodeError like `AuthorizeService.authorize`. */
  async lend({ holder, ...question }: Lending): Promise<string> {
    await this.authorize.authorize({ ...question, caller: holder });
    const { oauth } = this.primary;
    // Only reading gets this far with an access key.
    if (holder.kind === 'access-key') return (await this.connection.get()).gitAuthorization;
    try {
      if (oauth) return await this.accounts.lend(oauth, holder.accountId);
    } catch (error) {
      if (!isAntipodeError(error) || error.code !== 'unauthenticated') throw error;
    }
    throw new AntipodeError('denied', 'lending a credential', {}, { hint: this.sentences.relink() });
  }
}
