import { AntipodeError, type Code } from '@antipode/errors';

/** What the command ends with. Documented in `antipode --help` and in the README. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notRunning: 3, interrupted: 130 } as const;

/** An end that a person can read: `sentence` is all that the terminal shows, never a stack. */
export const stoppedShort = (
  code: Code,
  sentence: string,
  context: Record<string, unknown> = {},
  cause?: unknown,
): AntipodeError => new AntipodeError(code, 'running the house', context, { hint: sentence, cause });

/** The sentence of anything thrown. */
export function sentenceOf(error: unknown): string {
  if (error instanceof AntipodeError) return error.hint ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
