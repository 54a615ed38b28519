import type { RepositoryId } from '@antipode/domain';
import { asOthersSee, type RepositoryAnswer } from '../repositories/describe-repository.js';

/** What is told of a repository, written once for all who are told. */
export interface ToldRepository {
  readonly id: RepositoryId;
  /** Anybody may know of it. */
  readonly isOpen: boolean;
  readonly forAdministrators: string;
  readonly forOthers: string;
}

export const tellOf = (repository: RepositoryAnswer, isOpen: boolean): ToldRepository => ({
  id: repository.id,
  isOpen,
  forAdministrators: write('repository', repository),
  forOthers: write('repository', asOthersSee(repository)),
});

/** One event of a stream (HTML Living Standard §9.2.6). JSON has no line breaks of its own. */
export const write = (event: string, data: unknown): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
