import { Inject, Injectable } from '@nestjs/common';
import { toAntipodeError, type AntipodeError } from '@antipode/errors';
import type { AnsweredObject, LfsObject } from '@antipode/lfs-wire';
import type { Primary } from '@antipode/primary';
import { PRIMARY } from '../tokens.js';

/** What hosts take at once; clients send as many. */
const MOST_OBJECTS = 100;
const AT_ONCE = 4;

export interface PrimaryQuestion {
  /** Path on the primary in the adapter's normal form. */
  readonly path: string;
  /** The whole header; undefined for an anonymous caller. */
  readonly authorization: string | undefined;
  readonly operation: 'download' | 'upload';
  readonly objects: readonly LfsObject[];
  readonly ref?: string | undefined;
}

export interface PrimaryAnswers {
  /** What the primary said of each object, by oid; not of those that it forgot, nor of those that `failure` is about. */
  readonly objects: ReadonlyMap<string, AnsweredObject>;
  /** Why it said nothing of the others. */
  readonly failure: AntipodeError | undefined;
}

/** Asks the primary's batch endpoint, in questions of the size that it takes. */
@Injectable()
export class PrimaryQuestions {
  constructor(@Inject(PRIMARY) private readonly primary: Primary) {}

  get primaryName(): string {
    return this.primary.displayName;
  }

  /** Never throws for what the primary does: whoever asked about many objects is told what is known of each. */
  async ask(question: PrimaryQuestion, signal: AbortSignal): Promise<PrimaryAnswers> {
    const answers = new Map<string, AnsweredObject>();
    const once = [...new Map(question.objects.map((object) => [object.oid, object])).values()];
    const chunks = chunked(once);
    let failure: AntipodeError | undefined;
    const work = async (): Promise<void> => {
      for (let chunk = chunks.pop(); chunk && !failure; chunk = chunks.pop()) {
        try {
          for (const answer of await this.askChunk({ ...question, objects: chunk }, signal))
            answers.set(answer.oid, answer);
        } catch (error) {
          failure ??= toAntipodeError(error, 'asking the primary for objects');
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return { objects: answers, failure };
  }

  private async askChunk(question: PrimaryQuestion, signal: AbortSignal): Promise<readonly AnsweredObject[]> {
    try {
      return (await this.primary.lfs.batch(question, signal)).objects;
    } catch (error) {
      const known = toAntipodeError(error, 'asking the primary for objects');
      // Too many for it; or one of them is nonsense to it, and shall not take the others along.
      if (known.code !== 'too_large' && known.code !== 'invalid') throw known;
      return this.askHalves(question, known, signal);
    }
  }

  private async askHalves(
    question: PrimaryQuestion,
    why: AntipodeError,
    signal: AbortSignal,
  ): Promise<readonly AnsweredObject[]> {
    const { objects } = question;
    const [only] = objects;
    if (objects.length === 1 && only) {
      const code = why.code === 'too_large' ? 413 : 422;
      return [{ ...only, error: { code, message: why.hint ?? 'The primary does not take this object.' } }];
    }
    const middle = Math.ceil(objects.length / 2);
    const first = await this.askChunk({ ...question, objects: objects.slice(0, middle) }, signal);
    return [...first, ...(await this.askChunk({ ...question, objects: objects.slice(middle) }, signal))];
  }
}

function chunked(objects: readonly LfsObject[]): LfsObject[][] {
  const chunks: LfsObject[][] = [];
  for (let at = 0; at < objects.length; at += MOST_OBJECTS) chunks.push(objects.slice(at, at + MOST_OBJECTS));
  return chunks;
}
