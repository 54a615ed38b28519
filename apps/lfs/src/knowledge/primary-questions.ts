import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
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
  /** What the primary said of an object; undefined for what it forgot, and for what `failure` is about. */
  of(object: LfsObject): AnsweredObject | undefined;
  /** Why it said nothing of some. */
  readonly failure: AntipodeError | undefined;
}

/** Asks the primary's batch endpoint, in questions of the size that it takes. */
@Injectable()
export class PrimaryQuestions implements OnApplicationShutdown {
  constructor(@Inject(PRIMARY) private readonly primary: Primary) {}

  onApplicationShutdown(): Promise<void> {
    return this.primary.close();
  }

  get primaryName(): string {
    return this.primary.displayName;
  }

  /** Never throws for what the primary does: whoever asked about many objects is told what is known of each. */
  async ask(question: PrimaryQuestion, signal: AbortSignal): Promise<PrimaryAnswers> {
    const answers = new Map<string, AnsweredObject>();
    const chunks = chunked(question.objects);
    let failure: AntipodeError | undefined;
    const work = async (): Promise<void> => {
      for (let chunk = chunks.pop(); chunk && !failure; chunk = chunks.pop()) {
        try {
          const said = await this.askChunk({ ...question, objects: chunk }, signal);
          const byOid = new Map(said.map((answer) => [answer.oid, answer]));
          for (const object of chunk) {
            const answer = byOid.get(object.oid);
            if (answer) answers.set(nameOf(object), answer);
          }
        } catch (error) {
          failure ??= toAntipodeError(error, 'asking the primary for objects');
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return { of: (object) => answers.get(nameOf(object)), failure };
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

const nameOf = ({ oid, size }: LfsObject): string => `${oid}/${size}`;

/** Once each; and those that differ only in size in questions of their own, since answers are known by their oid. */
function chunked(objects: readonly LfsObject[]): LfsObject[][] {
  const once = new Map(objects.map((object) => [nameOf(object), object])).values();
  const rounds: LfsObject[][] = [];
  for (const same of Map.groupBy(once, ({ oid }) => oid).values())
    same.forEach((object, round) => (rounds[round] ??= []).push(object));
  return rounds.flatMap((round) =>
    Array.from({ length: Math.ceil(round.length / MOST_OBJECTS) }, (_, at) =>
      round.slice(at * MOST_OBJECTS, (at + 1) * MOST_OBJECTS),
    ),
  );
}
