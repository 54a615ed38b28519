import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import type { AccessKey, Primary } from '@antipode/primary';
import { PRIMARY } from '../authorize/primary.token.js';
import { Database } from '../database/database.js';
import type { ListName } from './access-key-list.js';
import { ConnectionCredentials } from './connection.js';

/** The primary's own lists of access keys, as the connection's credential may see them. */
@Injectable()
export class AccessKeySource {
  /** False where access keys cannot be known: the primary has no such list, or this service no database. */
  readonly isOn: boolean;

  constructor(
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly connection: ConnectionCredentials,
    database: Database,
  ) {
    this.isOn = primary.accessKeys !== undefined && database.isConfigured;
  }

  /** @throws AntipodeError as the primary has it; `not_connected`, `service_unavailable` without a credential. */
  async read({ kind, name }: ListName): Promise<AccessKey[]> {
    const keys = this.primary.accessKeys;
    const { credential } = await this.connection.get();
    if (!keys || !credential) throw new AntipodeError('not_connected', 'reading access keys');
    try {
      return await (kind === 'repository'
        ? keys.ofRepository(credential, name)
        : keys.ofProject(credential, name));
    } catch (error) {
      // It may have been replaced in the registry since.
      if (isAntipodeError(error) && error.code === 'unauthenticated') this.connection.forget();
      throw error;
    }
  }
}
