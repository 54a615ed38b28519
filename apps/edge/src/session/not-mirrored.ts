import { AntipodeError } from '@antipode/errors';

/** A missing repository whose caller may know why it is missing: the hint says it, at every door. */
export class NotMirrored extends AntipodeError {
  constructor(hint: string) {
    super('not_found', 'finding the repository', {}, { hint });
  }
}
