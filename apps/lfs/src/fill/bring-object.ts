import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@antipode/blob-store';
import { toAntipodeError, type AntipodeError } from '@antipode/errors';
import type { ClaimedObject } from '../knowledge/wanted.store.js';
import { KNOWLEDGE, OBJECTS, type Knowledge, type Objects } from '../objects/objects.js';
import { SelectedRepositories } from '../registry/selected-repositories.js';
import { BLOBS } from '../tokens.js';
import { backoffMs } from './backoff.js';
import { Claims } from './claims.js';
import type { FillTurn } from './fill-turn.js';
import { restMs } from './rests.js';

/** With the disk full, one object in so long tries whether there is room again. */
const FULL_REST_MS = 30_000;
/** Most objects are smaller. */
const USUAL_BYTES = 64 * 1024 * 1024;
/** Somebody else's trouble that is over soon: the registry or the database restarts. */
const SOON_MS = 1000;

/** Brings one object that is proved, or says why it cannot be had. */
@Injectable()
export class BringObject {
  constructor(
    private readonly claims: Claims,
    private readonly selected: SelectedRepositories,
    @Inject(OBJECTS) private readonly objects: Objects,
    @Inject(KNOWLEDGE) private readonly knowledge: Knowledge,
    @Inject(BLOBS) private readonly blobs: BlobStore,
  ) {}

  /** Never throws. @returns true where it is here now, and nothing of that name is wanted any more */
  async bring(turn: FillTurn, object: ClaimedObject): Promise<boolean> {
    const { repositoryId, signal, rests } = turn;
    const restingMs = rests.leftOf(repositoryId);
    if (signal.aborted || restingMs > 0 || !this.selected.prefetches(repositoryId)) {
      await this.claims.giveBack(repositoryId, [object], restingMs);
      return false;
    }
    try {
      await this.keep(turn, object);
      const isDone = await this.claims.done(repositoryId, object.oid);
      // Somebody took it away again in this moment.
      if (!isDone) await this.claims.giveBack(repositoryId, [object], SOON_MS);
      return isDone;
    } catch (error) {
      await this.failed(turn, object, toAntipodeError(error, 'bringing an object'));
      return false;
    }
  }

  private async keep({ repositoryId, signal }: FillTurn, object: ClaimedObject): Promise<void> {
    const { oid } = object;
    const size = await this.blobs.sizeOf(oid);
    // Whoever brought it, for whomever: the proof was all that was missing. What the store has is verified, so that
    // another size in the pointer is the pointer's mistake.
    if (size !== undefined) return this.knowledge.kept({ oid, size });
    // Noted as kept where it arrives.
    await this.objects.bring(object, this.knowledge.sourceOf(repositoryId, object), signal);
  }

  private async failed(turn: FillTurn, object: ClaimedObject, error: AntipodeError): Promise<void> {
    const { repositoryId, rests, signal } = turn;
    const { code } = error;
    if (code === 'cancelled' || code === 'service_unavailable' || signal.aborted)
      return this.claims.giveBack(repositoryId, [object], signal.aborted ? 0 : SOON_MS);
    let retryInMs = backoffMs(code, object.attempts);
    // Others would hear the same.
    if (code === 'primary_limited') rests.rest('', (retryInMs = restMs(error)));
    if (code === 'disk_full' && (await this.isFull())) rests.rest('', FULL_REST_MS);
    await this.claims.failed(repositoryId, [{ object, error, retryInMs }]);
  }

  /** Full for others, too: that there is no room for one that claims to be huge says nothing about them. */
  private isFull(): Promise<boolean> {
    return this.blobs.requireRoom(USUAL_BYTES).then(
      () => false,
      () => true,
    );
  }
}
