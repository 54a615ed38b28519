import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { SelectedRepositories } from '../registry/selected-repositories.js';
import { BelongingsStore } from './belongings.store.js';
import { News } from './news.js';
import { RememberedLinks } from './remembered-links.js';

const HOUR_MS = 3_600_000;
/** Our table is behind the primary by so much at most, unless something is broken for longer. */
const DOUBTED_HOURS = 24;
const FOR_EVER_HOURS = 1_000_000;
const TROUBLE_MS = 1000;

/**
 * Takes back what may have been proved for another repository: the primary is asked by path, and while our table is
 * behind, a path that was given to another one answers for that.
 */
@Injectable()
export class MovedRepositories implements BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private readonly withinHours: number;
  private readonly takeBack = (repositoryId: string): void => void this.doubt(repositoryId);

  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly selected: SelectedRepositories,
    private readonly belongings: BelongingsStore,
    private readonly links: RememberedLinks,
    private readonly news: News,
  ) {
    // Where the id is the path, one that was away may be another one altogether.
    this.withinHours = selected.isIdOfPath ? FOR_EVER_HOURS : DOUBTED_HOURS;
    // From the first event on: the registry may tell of a move before the service has started.
    this.selected.on('moved', this.takeBack);
  }

  beforeApplicationShutdown(): void {
    this.closing.abort();
    this.selected.off('moved', this.takeBack);
  }

  /**
   * Another path than ours for that repository: one of the two tables is behind, and an answer would be about another one.
   *
   * @throws AntipodeError `service_unavailable`: the edge goes past us then.
   */
  requireAt(repositoryId: string, path: string): void {
    if (this.selected.pathOf(repositoryId) === path) return;
    throw new AntipodeError(
      'service_unavailable',
      'answering for a repository that has just moved',
      {},
      MOVED,
    );
  }

  /** True where what was begun before it moved may end only now. */
  isRecent(repositoryId: string): boolean {
    return this.selected.hasMovedWithin(repositoryId, DOUBTED_HOURS * HOUR_MS);
  }

  private async doubt(repositoryId: string): Promise<void> {
    while (!this.closing.signal.aborted) {
      this.links.forgetAll(repositoryId);
      try {
        const taken = await this.belongings.doubt(repositoryId, this.withinHours);
        if (taken > 0)
          this.logger.info({ repositoryId, taken }, 'a repository moved; its objects are proved anew');
        this.news.changed([repositoryId]);
        this.news.emit('wanted');
        return;
      } catch (error) {
        // The database is away; nothing is answered from it meanwhile.
        this.logger.debug({ err: error, repositoryId }, 'proofs cannot be taken back yet');
        await sleep(TROUBLE_MS, undefined, { signal: this.closing.signal, ref: false }).catch(
          () => undefined,
        );
      }
    }
  }
}

const MOVED = { hint: 'This repository has just moved. Please try again soon.' };
