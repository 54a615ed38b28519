import { Inject, Injectable } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import type { SyncRun } from '../activity/sync-run.js';
import { CONFIG, type RegistryConfig } from '../config.js';
import { ConnectionService } from '../connection/connection.service.js';
import type { Transaction } from '../repositories/repositories.store.js';
import { repositoryUrls } from '../repositories/repository-urls.js';
import { ThisMirror } from '../siblings/this-mirror.js';
import { failingBody, synchronizedBody, type ToldRepository } from './event-body.js';
import type { EventKey, OutgoingEvent } from './outgoing-event.js';
import { OutgoingStore } from './outgoing.store.js';
import { Sender } from './sender.js';

/** Makes of what has happened what others are told. */
@Injectable()
export class OutgoingEvents {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly connection: ConnectionService,
    private readonly mirror: ThisMirror,
    private readonly sender: Sender,
    private readonly store: OutgoingStore,
  ) {}

  /**
   * Writes down what is to be told of these runs, in the transaction of the runs themselves: none without the other.
   *
   * @param firstFailures the ids of those with which a repository began to fail.
   * @returns how many deliveries that makes.
   */
  async write(
    transaction: Transaction,
    runs: readonly SyncRun[],
    firstFailures: ReadonlySet<string>,
  ): Promise<number> {
    const wanted = await this.store.wanted(transaction);
    const told = runs.filter((run) => {
      const key = keyOf(run, firstFailures);
      return key !== undefined && wanted.has(key);
    });
    if (told.length === 0) return 0;
    const repositories = await this.describe(transaction, told);
    const events = told.flatMap((run) => {
      const repository = repositories.get(run.repositoryId);
      return repository ? [this.event(run, repository)] : [];
    });
    return this.store.write(transaction, events, wanted);
  }

  /** To be called when they are committed. */
  sendSoon(): void {
    this.sender.sendSoon();
  }

  private event(run: SyncRun, repository: ToldRepository): OutgoingEvent {
    const isFailure = run.outcome === 'failed';
    const write = isFailure ? failingBody : synchronizedBody;
    return {
      key: isFailure ? 'mirror:repo_failing' : 'mirror:repo_synchronized',
      topic: run.repositoryId,
      body: JSON.stringify(write(run, repository, this.mirror)),
    };
  }

  private async describe(
    transaction: Transaction,
    runs: readonly SyncRun[],
  ): Promise<Map<RepositoryId, ToldRepository>> {
    const ids = [...new Set(runs.map(({ repositoryId }) => repositoryId))];
    // A repository that is no longer mirrored is nobody's business any more.
    const rows = await transaction.$queryRaw<
      { id: string; path: string; name: string; public: boolean; key: string; project: string | null }[]
    >`
      SELECT r.id, r.path, r.name, r.public, r.project_key AS key, p.name AS project
      FROM repository r LEFT JOIN project p ON p.key = r.project_key
      WHERE r.id = ANY (${ids}::text[]) AND r.removed_at IS NULL`;
    const mirror = { https: this.config.PUBLIC_URL, ssh: this.config.SSH_URL };
    return new Map(
      rows.map(({ key, project, ...row }) => [
        row.id,
        {
          ...row,
          project: { key, name: project ?? key },
          urls: repositoryUrls(row.path, mirror, this.connection.primary),
        },
      ]),
    );
  }
}

function keyOf(run: SyncRun, firstFailures: ReadonlySet<string>): EventKey | undefined {
  if (run.outcome !== 'failed') return 'mirror:repo_synchronized';
  return firstFailures.has(run.id) ? 'mirror:repo_failing' : undefined;
}
