import { Injectable } from '@nestjs/common';
import { toAntipodeError, type AntipodeError } from '@antipode/errors';
import { hasOtherSize } from '../knowledge/has-other-size.js';
import { objectFailure } from '../knowledge/object-failure.js';
import { Offers } from '../knowledge/offers.js';
import type { PrimaryAnswers } from '../knowledge/primary-questions.js';
import type { ClaimedObject } from '../knowledge/wanted.store.js';
import { backoffMs } from './backoff.js';
import { BringObject } from './bring-object.js';
import { Claims, type Failure } from './claims.js';
import type { FillTurn } from './fill-turn.js';
import { restMs } from './rests.js';

/** What hosts answer at once. */
const MOST_OBJECTS = 100;
const SOON_MS = 1000;

/** Works off up to a hundred wanted objects of one repository: proof first, then bytes. */
@Injectable()
export class FillBatch {
  constructor(
    private readonly claims: Claims,
    private readonly offers: Offers,
    private readonly bringObject: BringObject,
  ) {}

  /** @throws AntipodeError `service_unavailable` where nothing could be claimed or asked. */
  async run(turn: FillTurn): Promise<void> {
    const { repositoryId, signal } = turn;
    const claimed = await this.claims.take(repositoryId, MOST_OBJECTS);
    if (claimed.length === 0) return;
    try {
      const said = await this.offers.askFor(repositoryId, claimed, signal);
      if (said.failure) return await this.allFailed(turn, claimed, said.failure);
      await this.workOff(turn, claimed, said);
    } catch (error) {
      // Registry or database: nobody's fault, and nothing was tried.
      await this.claims.giveBack(repositoryId, claimed, SOON_MS);
      throw toAntipodeError(error, 'bringing what is wanted');
    } finally {
      this.claims.letGo(repositoryId, claimed);
    }
  }

  private async workOff(
    turn: FillTurn,
    claimed: readonly ClaimedObject[],
    said: PrimaryAnswers,
  ): Promise<void> {
    const { repositoryId, pool } = turn;
    const [offered, refused] = divide(claimed, said);
    // Pointers that differ only in size one after the other: at most one of them is true, and then the others are gone.
    const work = [...Map.groupBy(offered, ({ oid }) => oid).values()].map((same) =>
      pool.run(repositoryId, async () => {
        for (const object of same) if (await this.bringObject.bring(turn, object)) return;
      }),
    );
    await this.claims.failed(repositoryId, refused);
    turn.onQueued();
    await Promise.all(work);
  }

  private async allFailed(
    { repositoryId, rests, signal }: FillTurn,
    claimed: readonly ClaimedObject[],
    error: AntipodeError,
  ): Promise<void> {
    if (error.code === 'cancelled' || signal.aborted) return this.claims.giveBack(repositoryId, claimed, 0);
    if (error.code === 'primary_limited') {
      const forMs = restMs(error);
      rests.rest('', forMs);
      // Nothing was tried: it counts against nobody.
      return this.claims.giveBack(repositoryId, claimed, forMs);
    }
    const attempts = Math.min(...claimed.map((object) => object.attempts));
    await this.claims.allFailed(repositoryId, claimed, error, backoffMs(error.code, attempts));
  }
}

/** What the primary offers, and why it does not offer the others. */
function divide(claimed: readonly ClaimedObject[], said: PrimaryAnswers): [ClaimedObject[], Failure[]] {
  const offered: ClaimedObject[] = [];
  const refused: Failure[] = [];
  for (const object of claimed) {
    const answer = said.of(object);
    const isOffered = answer?.actions?.download !== undefined && !answer.error;
    if (isOffered && !hasOtherSize(answer, object)) offered.push(object);
    else {
      const error = objectFailure(answer?.error ?? (isOffered ? OTHER_SIZE : NOT_MENTIONED));
      refused.push({ object, error, retryInMs: backoffMs(error.code, object.attempts) });
    }
  }
  return [offered, refused];
}

const NOT_MENTIONED = { code: 404, message: 'no such object for this repository' };
/** The pointer lies: its bytes would be refused in the end, and room for what it claims kept from others until then. */
const OTHER_SIZE = { code: 422, message: 'this object has another size than the pointer says' };
