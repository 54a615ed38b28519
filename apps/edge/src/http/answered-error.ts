import { AntipodeError } from '@antipode/errors';

/** A failure that the client has been told already; the log and the metrics still want it. */
export class AnsweredError extends AntipodeError {
  constructor(error: AntipodeError) {
    super(error.code, error.message, error.context, { cause: error.cause ?? error });
  }
}
