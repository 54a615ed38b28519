import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { AntipodeError, type Code } from '@antipode/errors';
import type { LfsAction, LfsObject, LfsObjectError } from '@antipode/lfs-wire';
import { Offers } from './offers.js';
import type { PrimaryAnswers } from './primary-questions.js';

/** Those who ask within this time are asked for together. */
const GATHER_MS = 10;
const DOING = 'asking the primary for a link';

interface Gathered {
  readonly objects: Map<string, LfsObject>;
  readonly answers: Promise<PrimaryAnswers>;
}

/** New links for objects whose links are over, with the connection's credential: one question for many. */
@Injectable()
export class FreshLinks implements BeforeApplicationShutdown {
  private readonly gathering = new Map<string, Gathered>();
  private readonly closing = new AbortController();

  constructor(private readonly offers: Offers) {}

  beforeApplicationShutdown(): void {
    this.closing.abort();
  }

  /** @throws AntipodeError `not_found`, `primary_*`, `service_unavailable`, `cancelled`. */
  async get(repositoryId: string, object: LfsObject, signal: AbortSignal): Promise<LfsAction> {
    const answers = await unlessAborted(this.gather(repositoryId, object), signal);
    const answer = answers.objects.get(object.oid);
    if (answer?.error) throw objectFailure(answer.error);
    const link = answer?.actions?.download;
    if (link) return link;
    // Silent about it, in a good answer: it has no such object for this repository.
    throw answers.failure ?? new AntipodeError('not_found', DOING);
  }

  private gather(repositoryId: string, object: LfsObject): Promise<PrimaryAnswers> {
    let gathered = this.gathering.get(repositoryId);
    if (!gathered) {
      const objects = new Map<string, LfsObject>();
      gathered = { objects, answers: this.askSoon(repositoryId, objects) };
      this.gathering.set(repositoryId, gathered);
    }
    gathered.objects.set(object.oid, object);
    return gathered.answers;
  }

  private async askSoon(
    repositoryId: string,
    objects: ReadonlyMap<string, LfsObject>,
  ): Promise<PrimaryAnswers> {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    this.gathering.delete(repositoryId);
    return this.offers.askFor(repositoryId, [...objects.values()], this.closing.signal);
  }
}

/** What the primary says of one object, as our own error. */
export function objectFailure({ code: status, message }: LfsObjectError): AntipodeError {
  return new AntipodeError(codeOf(status), DOING, { status }, { hint: `The primary says: ${message}` });
}

function codeOf(status: number): Code {
  if (status === 404 || status === 410) return 'not_found';
  if (status === 429 || status === 509) return 'primary_limited';
  if (status === 401 || status === 403) return 'denied';
  return status >= 500 ? 'primary_unavailable' : 'primary_misbehaved';
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new AntipodeError('cancelled', DOING));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
  }
}
