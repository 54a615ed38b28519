import type { RepositoryPath, Right } from '@antipode/domain';
import type { Caller } from './caller.js';

export interface Question {
  readonly path: RepositoryPath;
  readonly right: Right;
  readonly caller: Caller;
  readonly clientAddress: string;
}
