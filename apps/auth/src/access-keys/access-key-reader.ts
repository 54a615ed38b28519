import { Injectable } from '@nestjs/common';
import type { RepositoryPath } from '@antipode/domain';
import { AntipodeError, isAntipodeError, toAntipodeError } from '@antipode/errors';
import { SingleFlight } from '../authorize/single-flight.js';
import { KeyMetrics } from '../holders/key-metrics.js';
import { listsOf, type ListName } from './access-key-list.js';
import { AccessKeySource } from './access-key-source.js';
import { AccessKeysStore, type KnownList } from './access-keys.store.js';
import { CallBudget } from './call-budget.js';
import { SelectedRepositories } from './selected-repositories.js';

/** A repository's lists are read no oftener than this because somebody came with a key that is not on them. */
const NOTICE_EVERY_MS = 60_000;

/** Reads lists of access keys from the primary with the connection's credential. */
@Injectable()
export class AccessKeyReader {
  private readonly flights = new SingleFlight<void>();

  constructor(
    private readonly source: AccessKeySource,
    private readonly repositories: SelectedRepositories,
    private readonly store: AccessKeysStore,
    private readonly budget: CallBudget,
    private readonly metrics: KeyMetrics,
  ) {}

  /**
   * Reads the lists of a repository because of a key that is not on them; at most once a minute each, and within the
   * budget. Nothing for a repository that is not selected.
   *
   * @throws AntipodeError as the primary or the database has it.
   */
  async notice(path: RepositoryPath): Promise<void> {
    const repository = this.repositories.find(path);
    if (!repository || !this.source.isOn) return;
    for (const list of listsOf(repository)) {
      if ((await this.store.claim(list, NOTICE_EVERY_MS)) && (await this.budget.take(0)))
        await this.read(list);
    }
  }

  /**
   * A list that was read within `maxAgeMs`, else as it is now.
   *
   * @throws AntipodeError where it had to be read, and could not be.
   */
  async current(list: ListName, maxAgeMs: number): Promise<KnownList | undefined> {
    const known = await this.store.list(list);
    if (known?.readAt !== undefined && known.readAt > Date.now() - maxAgeMs) return known;
    try {
      await this.read(list);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      // What the primary denies here it denies to the connection, not to whoever holds the key.
      const hint = 'The mirror cannot look at access keys at the moment.';
      throw new AntipodeError('service_unavailable', 'confirming an access key', {}, { cause: error, hint });
    }
    return this.store.list(list);
  }

  /** Reads one list now; joins a reading that is under way. @throws AntipodeError as the primary has it. */
  read(list: ListName): Promise<void> {
    return this.flights.run(`${list.kind} ${list.name}`, () => this.readOnce(list));
  }

  private async readOnce(list: ListName): Promise<void> {
    const readAt = Date.now();
    try {
      await this.store.keep(list, await this.source.read(list), readAt);
      this.metrics.read(list.kind, 'ok');
    } catch (error) {
      const known = toAntipodeError(error, 'reading access keys');
      this.metrics.read(list.kind, known.code);
      // Not there any more, so nothing is on it; whatever else is wrong says nothing about the keys.
      if (known.code === 'not_found') return this.store.keep(list, [], readAt);
      await this.store.noteError(list, known.code).catch(() => undefined);
      throw known;
    }
  }
}

/** True where asking again soon would be the same: the connection may not list access keys at all. */
export const isForbidden = (error: unknown): boolean =>
  isAntipodeError(error) && ['denied', 'unauthenticated', 'not_connected'].includes(error.code);
