import { Injectable } from '@nestjs/common';
import { toAntipodeError, type AntipodeError } from '@antipode/errors';
import type { AnsweredObject } from '@antipode/lfs-wire';
import { objectFailure } from '../knowledge/object-failure.js';
import { Offers } from '../knowledge/offers.js';
import type { ClaimedObject } from '../knowledge/wanted.store.js';
import { backoffMs } from './backoff.js';
import { BringObject } from './bring-object.js';
import { Claims } from './claims.js';
import type { FillTurn } from './fill-turn.js';
import { restMs } from './rests.js';

/** What hosts answer at once. */
const MOST_OBJECTS = 100;
const SOON_MS = 1000;

/** Objects of one oid: pointers that differ only in size. */
type Same = readonly [ClaimedObject, ...ClaimedObject[]];

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
      const { objects: answers, failure } = await this.offers.askFor(repositoryId, claimed, signal);
      if (failure) return await this.allFailed(turn, claimed, failure);
      const byOid = [...Map.groupBy(claimed, ({ oid }) => oid).values()] as unknown as Same[];
      const work = byOid.map((same) => this.workOff(turn, same, answers.get(same[0].oid)));
      turn.onQueued();
      await Promise.all(work);
    } catch (error) {
      // Registry or database: nobody's fault, and nothing was tried.
      await this.claims.giveBack(repositoryId, claimed, SOON_MS);
      throw toAntipodeError(error, 'bringing what is wanted');
    } finally {
      this.claims.letGo(repositoryId, claimed);
    }
  }

  private async workOff(turn: FillTurn, same: Same, answer: AnsweredObject | undefined): Promise<void> {
    if (!answer?.actions?.download || answer.error) {
      const why = answer?.error ?? { code: 404, message: 'no such object for this repository' };
      for (const object of same) await this.bringObject.failed(turn, object, objectFailure(why));
      return;
    }
    await turn.pool.run(turn.repositoryId, async () => {
      // At most one of them is true; once that is here, the others are gone.
      for (const object of same) if (await this.bringObject.bring(turn, object)) return;
    });
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
