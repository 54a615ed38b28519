import { Injectable } from '@nestjs/common';
import type { lfs } from '@antipode/contracts';
import { AntipodeError, isRefusal } from '@antipode/errors';
import type { LfsObject } from '@antipode/lfs-wire';
import { BelongingsStore, type Owned } from '../knowledge/belongings.store.js';
import { Offers } from '../knowledge/offers.js';
import { hasOtherSize } from '../knowledge/has-other-size.js';
import { MovedRepositories } from '../knowledge/moved-repositories.js';
import { PrimaryQuestions, type PrimaryAnswers } from '../knowledge/primary-questions.js';
import { answered, otherSize, refused, undecided } from './answers.js';
import { OurLinks } from './our-links.js';

export interface DownloadQuestion {
  readonly repositoryId: string;
  readonly path: string;
  readonly objects: readonly LfsObject[];
  /** How the primary may be asked: as the caller, as the connection, or not at all. */
  readonly primary: { readonly authorization: string | undefined } | undefined;
}

/** Answers for downloads: what is proved and here from the tables, the rest from the primary if it may be asked. */
@Injectable()
export class DownloadBatch {
  constructor(
    private readonly belongings: BelongingsStore,
    private readonly moves: MovedRepositories,
    private readonly offers: Offers,
    private readonly questions: PrimaryQuestions,
    private readonly links: OurLinks,
  ) {}

  /** @throws AntipodeError what the primary says to the credential, `primary_limited`, `service_unavailable`. */
  async answer(question: DownloadQuestion, signal: AbortSignal): Promise<lfs.AnsweredObject[]> {
    const { repositoryId, objects, primary } = question;
    this.moves.requireAt(repositoryId, question.path);
    const owned = await this.belongings.find(repositoryId, objects);
    const answers = await Promise.all(
      objects.map((object) => this.decide(repositoryId, object, owned.get(object.oid))),
    );
    const open = answers.flatMap(({ undecided: isOpen }, at) => {
      const object = objects[at];
      return isOpen && object ? [object] : [];
    });
    if (open.length === 0 || !primary) return answers;
    const said = await this.ask(question, open, primary.authorization, signal);
    return answers.map((answer, at) => {
      const object = objects[at];
      return answer.undecided && object ? this.read(repositoryId, object, said) : answer;
    });
  }

  /** What only others have looks like what nobody has: `owned` knows this repository alone. */
  private async decide(
    repositoryId: string,
    object: LfsObject,
    owned: Owned | undefined,
  ): Promise<lfs.AnsweredObject> {
    if (owned?.storedSize === undefined) return undecided(object);
    if (owned.storedSize !== object.size) return otherSize(object);
    return answered(object, { download: await this.links.kept(repositoryId, object) });
  }

  private async ask(
    { repositoryId, path }: DownloadQuestion,
    objects: readonly LfsObject[],
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<PrimaryAnswers> {
    const said = await this.offers.ask({ repositoryId, path, authorization, objects }, signal);
    const { failure } = said;
    if (failure && isForAll(failure, authorization)) throw failure;
    return said;
  }

  private read(repositoryId: string, object: LfsObject, said: PrimaryAnswers): lfs.AnsweredObject {
    const answer = said.of(object);
    if (answer?.error) return refused(object, answer.error);
    if (answer && hasOtherSize(answer, object)) return otherSize(object);
    if (answer?.actions?.download)
      return answered(object, { download: this.links.download(repositoryId, object) });
    if (!answer && said.failure) return refused(object, { code: 503, message: this.cannotAsk() });
    return refused(object, {
      code: 404,
      message: `${this.questions.primaryName} has no such object for this repository.`,
    });
  }

  private cannotAsk(): string {
    return `${this.questions.primaryName} cannot be asked at the moment, and this mirror does not have the object yet. Please try again soon.`;
  }
}

/**
 * Whether a failure is the answer to everything. With the primary away, what is here is still handed out; and that the
 * connection's credential is refused is not the caller's doing.
 */
function isForAll({ code }: AntipodeError, authorization: string | undefined): boolean {
  if (code === 'primary_limited' || code === 'cancelled') return true;
  if (authorization === undefined && (code === 'unauthenticated' || code === 'denied')) return false;
  return isRefusal(code);
}
