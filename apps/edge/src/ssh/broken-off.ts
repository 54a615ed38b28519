import { AntipodeError, toAntipodeError } from '@antipode/errors';

/** An answer that was not whole when it ended: nothing can be put behind it, least of all an error packet. */
export class BrokenOff extends AntipodeError {
  constructor(error: unknown) {
    const known = toAntipodeError(error, 'sending an answer');
    super(known.code, known.message, known.context, { cause: known.cause ?? error });
  }
}

/** Runs what sends bytes to the client; a failure is one in the middle of an answer. */
export async function sending<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new BrokenOff(error);
  }
}
