import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { AntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { News } from '../knowledge/news.js';
import { WantedStore, type ClaimedObject, type FailedAttempt } from '../knowledge/wanted.store.js';

/** Well within a claim's life. */
const RENEW_MS = 30_000;

/** An object that could not be had this time. */
export interface Failure {
  readonly object: ClaimedObject;
  readonly error: AntipodeError;
  readonly retryInMs: number;
}

const NOTHING: ReadonlySet<ClaimedObject> = new Set();

/** What this process has in hand of what is wanted; nothing of it is lost where the database is away for a while. */
@Injectable()
export class Claims implements BeforeApplicationShutdown {
  private readonly inHand = new Map<string, Set<ClaimedObject>>();
  /** What could not be given back, because the database was away. */
  private readonly dropped: { readonly repositoryId: string; readonly objects: readonly ClaimedObject[] }[] =
    [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly wanted: WantedStore,
    private readonly news: News,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /**
   * What an earlier process of this node had in hand is due at once.
   *
   * @throws AntipodeError `service_unavailable`
   */
  releaseAll(): Promise<void> {
    return this.wanted.releaseAll();
  }

  /** Takes due objects of a repository, as `WantedStore.claim`, and keeps them until `letGo`. */
  async take(repositoryId: string, most: number): Promise<ClaimedObject[]> {
    const claimed = await this.wanted.claim(repositoryId, most);
    const held = this.inHand.get(repositoryId) ?? new Set();
    for (const object of claimed) held.add(object);
    if (held.size > 0) this.inHand.set(repositoryId, held);
    this.timer ??= setInterval(() => void this.renew(), RENEW_MS).unref();
    return claimed;
  }

  /** What this process works on now. */
  inHandOf(repositoryId: string): ReadonlySet<ClaimedObject> {
    return this.inHand.get(repositoryId) ?? NOTHING;
  }

  letGo(repositoryId: string, objects: readonly ClaimedObject[]): void {
    const held = this.inHand.get(repositoryId);
    for (const object of objects) held?.delete(object);
    if (held?.size === 0) this.inHand.delete(repositoryId);
  }

  /** @returns false where it is not here after all. @throws AntipodeError `service_unavailable` */
  async done(repositoryId: string, oid: string): Promise<boolean> {
    const isDone = await this.wanted.done(repositoryId, oid);
    this.news.changed([repositoryId]);
    return isDone;
  }

  /** What was not tried. */
  async giveBack(repositoryId: string, objects: readonly ClaimedObject[], dueInMs: number): Promise<void> {
    await this.orLater(repositoryId, objects, this.wanted.release(repositoryId, objects, dueInMs));
  }

  async failed(repositoryId: string, failures: readonly Failure[]): Promise<void> {
    const [first] = failures;
    if (!first) return;
    const { error, object, retryInMs } = first;
    this.logger.info(
      { err: error, repositoryId, oid: object.oid, retryInMs, objects: failures.length },
      'objects could not be brought',
    );
    const attempts = failures.map((failure) => ({
      object: failure.object,
      attempt: attemptOf(failure.error, failure.retryInMs),
    }));
    const objects = failures.map((failure) => failure.object);
    await this.orLater(repositoryId, objects, this.wanted.failed(repositoryId, attempts));
  }

  /** The primary answers for none of them: everything of the repository that is due waits. */
  async allFailed(
    repositoryId: string,
    objects: readonly ClaimedObject[],
    error: AntipodeError,
    retryInMs: number,
  ): Promise<void> {
    this.logger.warn({ err: error, repositoryId, retryInMs }, 'the primary gives no objects of a repository');
    const noting = this.wanted.allFailed(repositoryId, objects, attemptOf(error, retryInMs));
    await this.orLater(repositoryId, objects, noting);
  }

  /** Gives back what could not be given back when that was due. @throws AntipodeError `service_unavailable` */
  async pickUp(): Promise<void> {
    for (let first = this.dropped[0]; first; first = this.dropped[0]) {
      await this.wanted.release(first.repositoryId, first.objects, 0);
      this.dropped.shift();
    }
  }

  private async orLater(
    repositoryId: string,
    objects: readonly ClaimedObject[],
    writing: Promise<void>,
  ): Promise<void> {
    try {
      await writing;
      this.news.changed([repositoryId]);
    } catch (error) {
      this.logger.debug({ err: error, repositoryId }, 'claims cannot be given back yet');
      this.dropped.push({ repositoryId, objects });
    }
  }

  /** A row that has been given back is nobody's, and stays so. */
  private async renew(): Promise<void> {
    for (const [repositoryId, held] of this.inHand) {
      await this.wanted
        .renew(repositoryId, [...held])
        .catch((error: unknown) => this.logger.debug({ err: error }, 'renewing claims'));
    }
  }
}

/** For people: why it is missing. */
const attemptOf = (error: AntipodeError, retryInMs: number): FailedAttempt => ({
  code: error.code,
  message: error.hint ?? `${error.message}: ${error.code}`,
  retryInMs,
});
