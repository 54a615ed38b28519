import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { BlobStore } from '@antipode/blob-store';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import type { AnsweredObject } from '@antipode/lfs-wire';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { objectFailure } from '../knowledge/fresh-links.js';
import { News } from '../knowledge/news.js';
import { Offers } from '../knowledge/offers.js';
import { WantedStore, type ClaimedObject } from '../knowledge/wanted.store.js';
import { SelectedRepositories } from '../registry/selected-repositories.js';
import { KNOWLEDGE, OBJECTS, type Knowledge, type Objects } from '../objects/objects.js';
import { BLOBS } from '../tokens.js';
import { backoffMs } from './backoff.js';
import type { FairPool } from './fair-pool.js';
import { restMs, type Rests } from './rests.js';

/** What hosts answer at once. */
const MOST_OBJECTS = 100;
/** Well within a claim's life. */
const RENEW_MS = 30_000;
/** With the disk full, one object in so long tries whether there is room again. */
const FULL_REST_MS = 30_000;

export interface FillTurn {
  readonly repositoryId: string;
  readonly pool: FairPool;
  readonly rests: Rests;
  readonly signal: AbortSignal;
  /** Called once everything that was claimed waits in the pool, or has failed. */
  readonly onQueued: () => void;
}

/** Works off up to a hundred wanted objects of one repository: proof first, then bytes. */
@Injectable()
export class FillBatch implements BeforeApplicationShutdown {
  private readonly inHand = new Map<string, Set<ClaimedObject>>();
  /** What could not be given back, because the database was away. */
  private dropped: { readonly repositoryId: string; readonly object: ClaimedObject }[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly wanted: WantedStore,
    private readonly offers: Offers,
    private readonly news: News,
    private readonly selected: SelectedRepositories,
    @Inject(OBJECTS) private readonly objects: Objects,
    @Inject(KNOWLEDGE) private readonly knowledge: Knowledge,
    @Inject(BLOBS) private readonly blobs: BlobStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Gives back what could not be given back when that was due. @throws AntipodeError `service_unavailable` */
  async pickUp(): Promise<void> {
    while (this.dropped.length > 0) {
      const { repositoryId, object } = this.dropped[0] as (typeof this.dropped)[number];
      await this.wanted.release(repositoryId, [object], 0);
      this.dropped.shift();
    }
  }

  /** @throws AntipodeError `service_unavailable` where nothing could be claimed or asked. */
  async run(turn: FillTurn): Promise<void> {
    const { repositoryId, signal, onQueued } = turn;
    const claimed = await this.wanted.claim(repositoryId, MOST_OBJECTS);
    if (claimed.length === 0) return;
    this.hold(repositoryId, claimed);
    try {
      const { objects: answers, failure } = await this.offers.askFor(repositoryId, claimed, signal);
      if (failure) return await this.allFailed(turn, claimed, failure);
      const work = this.byOid(claimed).map((same) => this.queue(turn, same, answers.get(same[0].oid)));
      onQueued();
      await Promise.all(work);
    } catch (error) {
      const known = toAntipodeError(error, 'filling');
      // Registry or database: nobody's fault, and nothing was tried.
      await this.giveBack(repositoryId, claimed, known.code === 'cancelled' ? 0 : 1000);
      throw known;
    } finally {
      this.letGo(repositoryId, claimed);
    }
  }

  /** Pointers that differ only in size are tried one after the other: at most one of them is true. */
  private byOid(claimed: readonly ClaimedObject[]): [ClaimedObject, ...ClaimedObject[]][] {
    return [...Map.groupBy(claimed, ({ oid }) => oid).values()] as [ClaimedObject, ...ClaimedObject[]][];
  }

  private async queue(
    turn: FillTurn,
    same: [ClaimedObject, ...ClaimedObject[]],
    answer: AnsweredObject | undefined,
  ): Promise<void> {
    if (!answer?.actions?.download || answer.error) {
      const why = answer?.error ?? { code: 404, message: 'no such object for this repository' };
      for (const object of same) await this.failed(turn, object, objectFailure(why));
      return;
    }
    await turn.pool.run(turn.repositoryId, async () => {
      for (const object of same) if (await this.bring(turn, object)) return;
    });
  }

  /** @returns true where it is here now, and nothing of that name is wanted any more */
  private async bring(turn: FillTurn, object: ClaimedObject): Promise<boolean> {
    const { repositoryId, signal, rests } = turn;
    try {
      const restingMs = rests.leftOf(repositoryId);
      if (signal.aborted || restingMs > 0 || !this.selected.has(repositoryId)) {
        await this.giveBack(repositoryId, [object], restingMs);
        return false;
      }
      // Whoever brought it, for whomever: the proof was all that was missing.
      const size = await this.blobs.sizeOf(object.oid);
      if (size === undefined) {
        await this.objects.bring(object, this.knowledge.sourceOf(repositoryId, object), signal);
      }
      await this.knowledge.kept(size === undefined ? object : { oid: object.oid, size });
      const isDone = await this.wanted.done(repositoryId, object.oid);
      // Somebody took it away again in this moment.
      if (!isDone) await this.giveBack(repositoryId, [object], 1000);
      this.news.changed([repositoryId]);
      return isDone;
    } catch (error) {
      await this.failed(turn, object, toAntipodeError(error, 'bringing an object'));
      return false;
    }
  }

  private async failed(turn: FillTurn, object: ClaimedObject, error: AntipodeError): Promise<void> {
    const { repositoryId, rests, signal } = turn;
    const { code } = error;
    if (code === 'cancelled' || code === 'service_unavailable' || signal.aborted)
      return this.giveBack(repositoryId, [object], signal.aborted ? 0 : 1000);
    try {
      let retryInMs = backoffMs(code, object.attempts);
      if (code === 'primary_limited') rests.rest('', (retryInMs = restMs(error)));
      if (code === 'disk_full') rests.rest('', FULL_REST_MS);
      await this.wanted.failed(repositoryId, object, { code, message: sentenceOf(error), retryInMs });
      this.logger.info(
        { err: error, repositoryId, oid: object.oid, retryInMs },
        'an object could not be brought',
      );
      this.news.changed([repositoryId]);
    } catch (cause) {
      this.drop(repositoryId, [object], cause);
    }
  }

  /** What was not tried; with the database away, later. */
  private async giveBack(
    repositoryId: string,
    objects: readonly ClaimedObject[],
    dueInMs: number,
  ): Promise<void> {
    await this.wanted
      .release(repositoryId, objects, dueInMs)
      .catch((error: unknown) => this.drop(repositoryId, objects, error));
  }

  private drop(repositoryId: string, objects: readonly ClaimedObject[], why: unknown): void {
    this.logger.debug({ err: why, repositoryId }, 'claims could not be given back yet');
    this.dropped.push(...objects.map((object) => ({ repositoryId, object })));
  }

  private async allFailed(
    turn: FillTurn,
    claimed: readonly ClaimedObject[],
    error: AntipodeError,
  ): Promise<void> {
    const { repositoryId, rests, signal } = turn;
    if (error.code === 'cancelled' || signal.aborted) return this.giveBack(repositoryId, claimed, 0);
    if (error.code === 'primary_limited') {
      const forMs = restMs(error);
      rests.rest('', forMs);
      // Nothing was tried: it counts against nobody.
      return this.giveBack(repositoryId, claimed, forMs);
    }
    const attempts = Math.min(...claimed.map((object) => object.attempts));
    const retryInMs = backoffMs(error.code, attempts);
    this.logger.warn({ err: error, repositoryId, retryInMs }, 'the primary gives no objects of a repository');
    const attempt = { code: error.code, message: sentenceOf(error), retryInMs };
    await this.wanted.allFailed(repositoryId, claimed, attempt);
    this.news.changed([repositoryId]);
  }

  private hold(repositoryId: string, claimed: readonly ClaimedObject[]): void {
    const held = this.inHand.get(repositoryId) ?? new Set();
    for (const object of claimed) held.add(object);
    this.inHand.set(repositoryId, held);
    if (this.timer) return;
    this.timer = setInterval(() => void this.renew(), RENEW_MS);
    this.timer.unref();
  }

  private letGo(repositoryId: string, claimed: readonly ClaimedObject[]): void {
    const held = this.inHand.get(repositoryId);
    for (const object of claimed) held?.delete(object);
    if (held?.size === 0) this.inHand.delete(repositoryId);
  }

  /** What is claimed and neither done nor failed; a row that has been released is nobody's and stays so. */
  private async renew(): Promise<void> {
    for (const [repositoryId, held] of this.inHand) {
      await this.wanted
        .renew(repositoryId, [...held])
        .catch((error: unknown) => this.logger.debug({ err: error }, 'renewing claims'));
    }
  }
}

/** For people: why it is missing. */
const sentenceOf = (error: AntipodeError): string => error.hint ?? `${error.message}: ${error.code}`;
