import { Inject, Injectable } from '@nestjs/common';
import { registry } from '@antipode/contracts';
import { callUnary } from '@antipode/rpc';

const TIMEOUT_MS = 5000;
/** Injection token of the registry's client. */
export const REGISTRY = Symbol('REGISTRY');

/** This mirror's own credential for the primary: from the registry, kept in memory alone. */
@Injectable()
export class ConnectionService {
  private known: Promise<string | undefined> | undefined;

  constructor(@Inject(REGISTRY) private readonly registryClient: registry.RegistryServiceClient) {}

  /**
   * The Authorization header for git requests; undefined for anonymous fetches. Asked for once, by whoever comes first.
   *
   * @throws AntipodeError `not_connected`, `service_unavailable`.
   */
  async authorization(): Promise<string | undefined> {
    this.known ??= this.fetch();
    try {
      return await this.known;
    } catch (error) {
      this.known = undefined;
      throw error;
    }
  }

  /** The primary refused the credential: it may have been replaced in the registry since. */
  forget(): void {
    this.known = undefined;
  }

  private async fetch(): Promise<string | undefined> {
    const { gitAuthorization } = await callUnary(
      this.registryClient,
      'getConnection',
      {},
      { timeoutMs: TIMEOUT_MS },
    );
    return gitAuthorization || undefined;
  }
}
