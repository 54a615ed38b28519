import { Injectable } from '@nestjs/common';
import type { lfs } from '@antipode/contracts';
import { tellsCredential, type AnsweredObject, type LfsObject } from '@antipode/lfs-wire';
import { BelongingsStore } from '../knowledge/belongings.store.js';
import { hasOtherSize } from '../knowledge/has-other-size.js';
import { MovedRepositories } from '../knowledge/moved-repositories.js';
import { PrimaryQuestions, type PrimaryAnswers } from '../knowledge/primary-questions.js';
import { answered, otherSize, refused } from './answers.js';
import { OurLinks } from './our-links.js';

export interface UploadQuestion {
  readonly repositoryId: string;
  readonly path: string;
  readonly objects: readonly LfsObject[];
  /** The caller's: nobody uploads in the connection's name. */
  readonly authorization: string;
  readonly ref: string | undefined;
}

/** Answers for uploads: the primary decides, and its links go through us, so that what goes there stays here as well. */
@Injectable()
export class UploadBatch {
  constructor(
    private readonly belongings: BelongingsStore,
    private readonly moves: MovedRepositories,
    private readonly questions: PrimaryQuestions,
    private readonly links: OurLinks,
  ) {}

  /** @throws AntipodeError what the primary says to the credential, `primary_*`, `service_unavailable`. */
  async answer(question: UploadQuestion, signal: AbortSignal): Promise<lfs.AnsweredObject[]> {
    const { repositoryId, objects } = question;
    this.moves.requireAt(repositoryId, question.path);
    const owned = await this.belongings.find(repositoryId, objects);
    const said = await this.questions.ask({ ...question, operation: 'upload' }, signal);
    // An upload is begun where all of it can be: a part of the answer helps nobody.
    if (said.failure) throw said.failure;
    return objects.map((object) => {
      const known = owned.get(object.oid)?.storedSize;
      if (known !== undefined && known !== object.size) return otherSize(object);
      return this.read(question, object, said);
    });
  }

  private read(
    { repositoryId, authorization }: UploadQuestion,
    object: LfsObject,
    said: PrimaryAnswers,
  ): lfs.AnsweredObject {
    const answer = said.of(object);
    if (!answer) {
      const message = `${this.questions.primaryName} did not say what to do with this object.`;
      return refused(object, { code: 502, message });
    }
    if (answer.error) return refused(object, answer.error);
    if (hasOtherSize(answer, object)) return otherSize(object);
    const relayed = this.relay(repositoryId, object, answer);
    // Sealed, only we can read it. What is too long for that goes to the client as it is, and is no place for a
    // credential, which may have been lent to us.
    const isBare = Object.values(relayed).some(({ href }) => isTheirs(answer, href));
    if (isBare && tellsCredential(answer, authorization)) {
      const message = `The link of ${this.questions.primaryName} to this object holds a credential, and cannot be passed on.`;
      return refused(object, { code: 503, message });
    }
    return answered(object, relayed);
  }

  private relay(
    repositoryId: string,
    object: LfsObject,
    { actions }: AnsweredObject,
  ): Record<string, lfs.Action> {
    const relayed: Record<string, lfs.Action> = {};
    for (const kind of ['upload', 'verify'] as const) {
      const theirs = actions?.[kind];
      if (theirs) relayed[kind] = this.links.relay(kind, repositoryId, object, theirs);
    }
    return relayed;
  }
}

const isTheirs = ({ actions }: AnsweredObject, href: string): boolean =>
  Object.values(actions ?? {}).some((action) => action.href === href);
