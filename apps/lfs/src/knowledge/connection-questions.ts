import { Injectable } from '@nestjs/common';
import type { RepositoryPath } from '@antipode/domain';
import { RegistryClient } from '../registry/registry-client.js';
import { SelectedRepositories } from '../registry/selected-repositories.js';
import { PrimaryQuestions, type PrimaryAnswers, type PrimaryQuestion } from './primary-questions.js';

/** Asks the primary for downloads in the connection's own name. */
@Injectable()
export class ConnectionQuestions {
  constructor(
    private readonly questions: PrimaryQuestions,
    private readonly registry: RegistryClient,
    private readonly selected: SelectedRepositories,
  ) {}

  /** Undefined where the repository is not selected. */
  pathOf(repositoryId: string): RepositoryPath | undefined {
    return this.selected.pathOf(repositoryId);
  }

  /** @throws AntipodeError `service_unavailable`, `not_connected`: no credential can be had. */
  async ask(
    question: Pick<PrimaryQuestion, 'path' | 'objects'>,
    signal: AbortSignal,
  ): Promise<PrimaryAnswers> {
    const put = (authorization: string | undefined): Promise<PrimaryAnswers> =>
      this.questions.ask({ ...question, authorization, operation: 'download' }, signal);
    const authorization = await this.registry.authorization();
    const answers = await put(authorization);
    if (answers.failure?.code !== 'unauthenticated') return answers;
    // It may have been replaced since we asked for it.
    this.registry.forget();
    const newer = await this.registry.authorization();
    return newer === authorization ? answers : put(newer);
  }
}
