import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { registry } from '@antipode/contracts';
import { toAntipodeError, type AntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { Rounds } from '../housekeeping/rounds.js';
import { News } from '../knowledge/news.js';
import { WantedStore } from '../knowledge/wanted.store.js';
import { RegistryClient } from './registry-client.js';

/** A count per second is what a person can follow. */
const GATHER_MS = 1000;
const TROUBLE_MS = 5000;
const MOST_REPORTS = 200;

/** Tells the registry how many objects are here and how many are not, where that has changed. Nothing waits for it. */
@Injectable()
export class LfsReportsService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly untold = new Set<string>();
  /** Everything is told once at the start: what was changed while nobody could be told. */
  private isAllUntold = true;
  private readonly rounds: Rounds;
  private readonly note = (repositoryId: string): void => void this.untold.add(repositoryId);
  private readonly noteAll = (): void => void (this.isAllUntold = true);

  constructor(
    private readonly wanted: WantedStore,
    private readonly registry: RegistryClient,
    private readonly news: News,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.rounds = new Rounds({
      doing: 'reporting to the registry',
      logger,
      troubleMs: TROUBLE_MS,
      round: async () => {
        const startedAt = Date.now();
        await this.tell();
        // Counting must not be what the database does most.
        return Math.max(GATHER_MS, (Date.now() - startedAt) * 10);
      },
    });
  }

  onApplicationBootstrap(): void {
    this.news.on('changed', this.note);
    this.news.on('all', this.noteAll);
    this.rounds.start(GATHER_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.news.off('changed', this.note);
    this.news.off('all', this.noteAll);
    await this.rounds.end();
  }

  /** One round: up to two hundred repositories. One that cannot be counted keeps none of the others from being told. */
  async tell(): Promise<void> {
    if (this.isAllUntold) {
      for (const id of await this.wanted.knownRepositories()) this.untold.add(id);
      this.isAllUntold = false;
    }
    const ids = [...this.untold].slice(0, MOST_REPORTS);
    if (ids.length === 0) return;
    // What changes from here on is told again.
    for (const id of ids) this.untold.delete(id);
    const [reports, failure] = await this.countAll(ids);
    try {
      if (reports.length > 0) await this.registry.report(reports);
    } catch (error) {
      for (const id of ids) this.untold.add(id);
      throw error;
    }
    if (failure) throw failure;
  }

  private async countAll(ids: readonly string[]): Promise<[registry.LfsReport[], AntipodeError | undefined]> {
    const reports: registry.LfsReport[] = [];
    let failure: AntipodeError | undefined;
    for (const id of ids) {
      try {
        reports.push(await this.count(id));
      } catch (error) {
        failure = toAntipodeError(error, 'counting objects');
        // It comes after those that were not told yet.
        this.untold.add(id);
      }
    }
    return [reports, failure];
  }

  private async count(repositoryId: string): Promise<registry.LfsReport> {
    const reportedAtMs = Date.now();
    const { present, presentBytes, missing, missingBytes, error } = await this.wanted.counts(repositoryId);
    return {
      repositoryId,
      objects: present,
      bytes: presentBytes,
      missing,
      missingBytes,
      error: error?.message ?? '',
      errorCode: error?.code ?? '',
      reportedAtMs,
    };
  }
}
