import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { registry } from '@antipode/contracts';
import type { ConnectionCredential } from '@antipode/primary';
import { callUnary, openClient } from '@antipode/rpc';
import { CONFIG, type AuthConfig } from '../config.js';

const TIMEOUT_MS = 5000;
/** The registry may get another token at any time; asking it is cheap. */
const KNOWN_MS = 60_000;

export interface Connection {
  /** The Authorization header for git requests; '' for anonymous fetches. */
  readonly gitAuthorization: string;
  /** Undefined where the mirror has no credential of its own. */
  readonly credential: ConnectionCredential | undefined;
}

/** This mirror's own credential for the primary: from the registry, kept in memory alone, for a minute. */
@Injectable()
export class ConnectionCredentials implements OnApplicationShutdown {
  readonly client: registry.RegistryServiceClient;
  private known: { readonly connection: Promise<Connection>; readonly until: number } | undefined;

  constructor(@Inject(CONFIG) config: AuthConfig) {
    this.client = openClient(registry.RegistryServiceClient, config.REGISTRY_GRPC, config);
  }

  onApplicationShutdown(): void {
    this.client.close();
  }

  /** @throws AntipodeError `service_unavailable` where the registry cannot be asked. */
  async get(): Promise<Connection> {
    const now = Date.now();
    if (!this.known || this.known.until <= now)
      this.known = { connection: this.fetch(), until: now + KNOWN_MS };
    const { connection } = this.known;
    try {
      return await connection;
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** The primary refused the credential: it may have been replaced in the registry since. */
  forget(): void {
    this.known = undefined;
  }

  private async fetch(): Promise<Connection> {
    const answer = await callUnary(this.client, 'getConnection', {}, { timeoutMs: TIMEOUT_MS });
    const { gitAuthorization, token, email, username, workspace } = answer;
    const credential = {
      token,
      ...(email ? { email } : {}),
      ...(username ? { username } : {}),
      ...(workspace ? { workspace } : {}),
    };
    return { gitAuthorization, credential: token === '' ? undefined : credential };
  }
}
