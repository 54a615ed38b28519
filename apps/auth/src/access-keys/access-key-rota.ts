import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { toAntipodeError } from '@antipode/errors';
import type { Primary } from '@antipode/primary';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { PRIMARY } from '../authorize/primary-oracle.js';
import { Database } from '../database/database.js';
import { AccessKeyReader, isForbidden } from './access-key-reader.js';
import { listsOfAll, type ListName } from './access-key-list.js';
import { AccessKeysStore } from './access-keys.store.js';
import { CallBudget } from './call-budget.js';
import { SelectedRepositories } from './selected-repositories.js';

/** No list is read by the rota oftener than this, however few there are. */
const AGAIN_MS = 120_000;
/** Half of the calls are kept for those who wait with a new key. */
const KEEP = 0.5;
const IDLE_MS = 5000;
const PAUSE_MS = 1000;
/** A primary that does not let us list access keys will not change its mind within a minute. */
const FORBIDDEN_PAUSE_MS = 600_000;

/**
 * Reads the access keys of all selected repositories and their projects by and by: project by project and repository by
 * repository in turn, the one first that was read longest ago, within the budget of calls. All instances share both.
 */
@Injectable()
export class AccessKeyRota implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private running: Promise<void> | undefined;
  private listedVersion = -1;
  private turn: ListName['kind'] = 'repository';

  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly database: Database,
    private readonly repositories: SelectedRepositories,
    private readonly store: AccessKeysStore,
    private readonly budget: CallBudget,
    private readonly reader: AccessKeyReader,
  ) {}

  onApplicationBootstrap(): void {
    if (this.primary.accessKeys && this.database.isConfigured) this.running = this.goOn();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  private async goOn(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      const pauseMs = await this.step().catch((error: unknown) => this.failed(error));
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @returns how long to wait before the next step, in milliseconds */
  private async step(): Promise<number> {
    await this.followSelection();
    const list = await this.next();
    if (!list) return IDLE_MS;
    await this.reader.read(list);
    return PAUSE_MS;
  }

  private async followSelection(): Promise<void> {
    const { version } = this.repositories;
    // An empty table that nobody has told us would forget every key.
    if (version === this.listedVersion || !this.repositories.isKnown) return;
    await this.store.setLists(listsOfAll(this.repositories.all()));
    this.listedVersion = version;
  }

  private async next(): Promise<ListName | undefined> {
    if (!(await this.budget.take(KEEP))) return undefined;
    const last = this.turn;
    this.turn = last === 'project' ? 'repository' : 'project';
    const list =
      (await this.store.claimOldest(this.turn, AGAIN_MS)) ?? (await this.store.claimOldest(last, AGAIN_MS));
    if (!list) await this.budget.giveBack();
    return list;
  }

  private failed(error: unknown): number {
    if (this.closing.signal.aborted) return 0;
    const known = toAntipodeError(error, 'reading access keys');
    if (known.code === 'service_unavailable') return IDLE_MS;
    this.logger.warn({ err: known }, 'access keys could not be read; those that are known stay');
    return isForbidden(known) ? FORBIDDEN_PAUSE_MS : IDLE_MS;
  }
}
