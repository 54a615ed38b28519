import { Injectable } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import { tellsCredential, type LfsObject } from '@antipode/lfs-wire';
import { BelongingsStore } from './belongings.store.js';
import { ConnectionQuestions } from './connection-questions.js';
import { News } from './news.js';
import { PrimaryQuestions, type PrimaryAnswers } from './primary-questions.js';
import { RememberedLinks } from './remembered-links.js';

/** A question for downloads of one repository. */
export interface Wish {
  readonly repositoryId: string;
  readonly path: string;
  /** The caller's header; undefined: the connection asks for itself. */
  readonly authorization: string | undefined;
  readonly objects: readonly LfsObject[];
}

/** Asks the primary for downloads, and writes down what its answers prove. */
@Injectable()
export class Offers {
  constructor(
    private readonly questions: PrimaryQuestions,
    private readonly connection: ConnectionQuestions,
    private readonly belongings: BelongingsStore,
    private readonly links: RememberedLinks,
    private readonly news: News,
  ) {}

  /** @throws AntipodeError `service_unavailable` where registry or database cannot be asked, `not_connected`. */
  async ask(wish: Wish, signal: AbortSignal): Promise<PrimaryAnswers> {
    const { path, authorization, objects } = wish;
    const answers =
      authorization === undefined
        ? await this.connection.ask({ path, objects }, signal)
        : await this.questions.ask({ path, objects, authorization, operation: 'download' }, signal);
    await this.learn(wish, answers);
    return answers;
  }

  /**
   * Asks with the connection's own credential.
   *
   * @throws AntipodeError like `ask`; `not_found` where the repository is not selected.
   */
  async askFor(
    repositoryId: string,
    objects: readonly LfsObject[],
    signal: AbortSignal,
  ): Promise<PrimaryAnswers> {
    const path = this.connection.pathOf(repositoryId);
    if (path === undefined) throw new AntipodeError('not_found', 'asking for objects of a repository');
    return this.ask({ repositoryId, path, authorization: undefined, objects }, signal);
  }

  /** Only while the path is still the repository's: an answer for another's path says nothing about this one. */
  private async learn(
    { repositoryId, path, authorization, objects }: Wish,
    answers: PrimaryAnswers,
  ): Promise<void> {
    if (this.connection.pathOf(repositoryId) !== path) return;
    const proved: LfsObject[] = [];
    for (const object of objects) {
      const answer = answers.of(object);
      const link = answer?.error ? undefined : answer?.actions?.download;
      if (!link) continue;
      // A link that holds its caller's own credential is for that caller, and for nobody who comes after.
      if (authorization === undefined || !tellsCredential(answer ?? object, authorization))
        this.links.keep(repositoryId, object.oid, link);
      proved.push(object);
    }
    await this.belongings.prove(repositoryId, proved);
    if (proved.length > 0) this.news.changed([repositoryId]);
  }
}
