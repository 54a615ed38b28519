import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { registry } from '@antipode/contracts';
import { callUnary, openClient } from '@antipode/rpc';
import type { LfsConfig } from '../config.js';
import { LFS_CONFIG } from '../tokens.js';

const TIMEOUT_MS = 5000;
/** The registry may get another token at any time; asking it is cheap. */
const KNOWN_MS = 60_000;

/** The registry, and this mirror's own credential for the primary: from there, kept in memory alone, for a minute. */
@Injectable()
export class RegistryClient implements OnApplicationShutdown {
  readonly client: registry.RegistryServiceClient;
  private known: { readonly authorization: Promise<string | undefined>; readonly until: number } | undefined;

  constructor(@Inject(LFS_CONFIG) private readonly config: LfsConfig) {
    this.client = openClient(registry.RegistryServiceClient, config.REGISTRY_GRPC, config);
  }

  onApplicationShutdown(): void {
    this.client.close();
  }

  /**
   * The Authorization header of the connection; undefined for anonymous fetches.
   *
   * @throws AntipodeError `not_connected`, `service_unavailable`.
   */
  async authorization(): Promise<string | undefined> {
    const now = Date.now();
    if (!this.known || this.known.until <= now)
      this.known = { authorization: this.fetch(), until: now + KNOWN_MS };
    const { authorization } = this.known;
    try {
      return await authorization;
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** The primary refused the credential: it may have been replaced in the registry since. */
  forget(): void {
    this.known = undefined;
  }

  /** @throws AntipodeError `service_unavailable`, `timed_out`. */
  async report(reports: registry.LfsReport[]): Promise<void> {
    await callUnary(
      this.client,
      'reportLfs',
      { node: this.config.ANTIPODE_NODE, reports },
      { timeoutMs: TIMEOUT_MS },
    );
  }

  private async fetch(): Promise<string | undefined> {
    const answer = await callUnary(this.client, 'getConnection', {}, { timeoutMs: TIMEOUT_MS });
    return answer.gitAuthorization || undefined;
  }
}
