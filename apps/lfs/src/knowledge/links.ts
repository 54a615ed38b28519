import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import type { LfsAction, LfsObject } from '@antipode/lfs-wire';
import { objectFailure } from './object-failure.js';
import { Offers } from './offers.js';
import type { PrimaryAnswers } from './primary-questions.js';
import { RememberedLinks } from './remembered-links.js';

/** Those who ask within this time are asked for together. */
const GATHER_MS = 10;
const DOING = 'asking the primary for a link';

interface Asked {
  /** The last one was refused, or has expired. */
  readonly fresh: boolean;
  readonly signal: AbortSignal;
}

interface Gathered {
  readonly objects: Map<string, LfsObject>;
  readonly answers: Promise<PrimaryAnswers>;
}

/**
 * The primary's links: those of its recent answers, and new ones where they are over, asked for with the connection's
 * credential, one question for many.
 */
@Injectable()
export class Links implements BeforeApplicationShutdown {
  private readonly gathering = new Map<string, Gathered>();
  private readonly closing = new AbortController();

  constructor(
    private readonly offers: Offers,
    private readonly remembered: RememberedLinks,
  ) {}

  beforeApplicationShutdown(): void {
    this.closing.abort();
  }

  /** A link that is good now, as in `Source`. @throws AntipodeError `not_found`, `primary_*`, `service_unavailable`, `cancelled`. */
  async get(repositoryId: string, object: LfsObject, how: Asked): Promise<LfsAction> {
    if (how.fresh) this.remembered.forget(repositoryId, object.oid);
    return this.remembered.get(repositoryId, object.oid) ?? this.ask(repositoryId, object, how.signal);
  }

  private async ask(repositoryId: string, object: LfsObject, signal: AbortSignal): Promise<LfsAction> {
    const answers = await unlessAborted(this.gather(repositoryId, object), signal);
    const answer = answers.of(object);
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
    gathered.objects.set(`${object.oid}/${object.size}`, object);
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
