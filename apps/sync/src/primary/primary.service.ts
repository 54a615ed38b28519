import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Agent } from 'undici';
import { AntipodeError, isRefusal, toAntipodeError } from '@antipode/errors';
import type { RepositoryId } from '@antipode/domain';
import type { Primary } from '@antipode/primary';
import { RepositoryTable } from '@antipode/rpc';
import type { RefState } from '../mirrors/ref-state.js';
import { ConnectionService } from './connection.service.js';
import { RefsClient } from './refs-client.js';

/** Injection token of the primary's adapter. */
export const PRIMARY = Symbol('PRIMARY');
/** Injection token of the connections to the primary. */
export const AGENT = Symbol('AGENT');

/** The primary as a mirror sees it: where a repository is, what its refs are, with which credential. */
@Injectable()
export class PrimaryService implements OnApplicationShutdown {
  private readonly refs: RefsClient;

  constructor(
    @Inject(PRIMARY) private readonly primary: Primary,
    @Inject(AGENT) private readonly agent: Agent,
    private readonly table: RepositoryTable,
    private readonly connection: ConnectionService,
  ) {
    this.refs = new RefsClient(agent);
  }

  /** True where the host can list what changed lately. */
  get listsChanges(): boolean {
    return this.primary.discovery !== undefined;
  }

  /** Looked up for each run: a renamed repository has moved. @throws AntipodeError `not_found` unless it is selected. */
  url(id: RepositoryId): string {
    const selected = this.table.get(id);
    if (!selected) throw new AntipodeError('not_found', 'looking for a selected repository', { id });
    return this.primary.gitUrl(selected.path);
  }

  authorization(): Promise<string | undefined> {
    return this.connection.authorization();
  }

  /**
   * The primary's refs of a repository, now. A refused credential may have been replaced in the registry: it is
   * fetched anew, and tried once more where it has.
   */
  async ask(id: RepositoryId, signal: AbortSignal): Promise<RefState> {
    const url = this.url(id);
    const authorization = await this.connection.authorization();
    try {
      return await this.refs.ask({ url, authorization, signal });
    } catch (error) {
      const { code } = toAntipodeError(error, 'asking the primary for refs');
      if (!isRefusal(code)) throw error;
      this.connection.forget();
      const renewed = await this.connection.authorization();
      if (renewed === authorization) throw error;
      return this.refs.ask({ url, authorization: renewed, signal });
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }
}
