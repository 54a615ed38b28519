import { isCode, type Code } from './codes.js';

export interface AntipodeErrorOptions {
  /** What failed underneath; for the log only. */
  readonly cause?: unknown;
  /** One kind sentence for the person at the terminal, where the code's own sentence says too little. */
  readonly hint?: string;
}

/**
 * The only error that crosses a module's boundary on purpose.
 *
 * Three readers: the caller gets `code`, the person at the terminal gets `hint` (or the door's
 * sentence for the code), the log gets everything. Secrets must not appear in any of them.
 */
export class AntipodeError extends Error {
  override readonly name = 'AntipodeError';
  readonly hint: string | undefined;

  /** @param message lower case, what was being done: "fetching from the primary". Details go in `context`. */
  constructor(
    readonly code: Code,
    message: string,
    readonly context: Readonly<Record<string, unknown>> = {},
    options: AntipodeErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}

/** By its code rather than by instanceof, which breaks where two copies of this module are loaded. */
export const isAntipodeError = (error: unknown): error is AntipodeError =>
  error instanceof Error && error.name === 'AntipodeError' && isCode((error as { code?: unknown }).code);

/** Anything thrown, as an AntipodeError: what is not one already is `internal`. */
export function toAntipodeError(error: unknown, doing: string): AntipodeError {
  if (isAntipodeError(error)) return error;
  if (error instanceof Error && error.name === 'AbortError')
    return new AntipodeError('cancelled', doing, {}, { cause: error });
  return new AntipodeError('internal', doing, {}, { cause: error });
}
