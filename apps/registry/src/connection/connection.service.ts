import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import { readConnectionCredential, type ConnectionCredential, type Primary } from '@antipode/primary';
import { CONFIG, type RegistryConfig } from '../config.js';
import { ConnectionStore } from './connection.store.js';
import { PRIMARY } from './primary.provider.js';

/**
 * The mirror's tie to the primary. It comes from the settings; the token is read from its file each time, so that
 * a rotated one needs no restart.
 */
@Injectable()
export class ConnectionService implements OnApplicationShutdown {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    @Inject(PRIMARY) readonly primary: Primary,
    private readonly store: ConnectionStore,
  ) {}

  get workspace(): string | undefined {
    return this.config.PRIMARY_WORKSPACE;
  }

  /** A host that lists its repositories only does so for somebody; one that does not may be read by anybody. */
  get isConfigured(): boolean {
    return (
      !this.primary.discovery ||
      (this.workspace !== undefined && this.config.PRIMARY_TOKEN_FILE !== undefined)
    );
  }

  /** @throws AntipodeError `not_connected`; `invalid` where the token's file is not usable. */
  async credential(): Promise<ConnectionCredential> {
    const credential = this.isConfigured ? await readConnectionCredential(this.config) : undefined;
    if (credential) return credential;
    throw new AntipodeError(
      'not_connected',
      'reading the connection',
      {},
      { hint: 'This mirror is not connected to a workspace yet.' },
    );
  }

  /** The Authorization header for git requests; empty where the mirror fetches as anybody. */
  async gitAuthorization(): Promise<string> {
    if (!this.primary.discovery && this.config.PRIMARY_TOKEN_FILE === undefined) return '';
    return this.primary.gitAuthorization(await this.credential());
  }

  /** Runs something that asks the primary, and remembers how that went, for people to see. */
  async asking<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      await this.store.answered(undefined);
      return result;
    } catch (error) {
      const known = toAntipodeError(error, 'asking the primary');
      if (known.code !== 'cancelled')
        await this.store
          .answered({ code: known.code, message: known.hint ?? known.message })
          .catch(() => undefined);
      throw known;
    }
  }

  onApplicationShutdown(): Promise<void> {
    return this.primary.close();
  }
}
