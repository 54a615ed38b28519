import { AntipodeError, isAntipodeError, type Code } from '@antipode/errors';

/** What the command ends with. Documented in `antipode --help` and in the README. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** No house runs, or the mirror does not answer. */
  notRunning: 3,
  /** The mirror does not take the token, or there is none. */
  refused: 4,
  notFound: 5,
  interrupted: 130,
} as const;

const EXIT_OF: Record<Code, number> = {
  invalid: EXIT.usage,
  unauthenticated: EXIT.refused,
  denied: EXIT.refused,
  not_found: EXIT.notFound,
  conflict: EXIT.failed,
  too_large: EXIT.failed,
  unsupported: EXIT.failed,
  too_many_failures: EXIT.failed,
  not_connected: EXIT.failed,
  busy: EXIT.failed,
  timed_out: EXIT.failed,
  cancelled: EXIT.interrupted,
  primary_unavailable: EXIT.failed,
  primary_limited: EXIT.failed,
  primary_misbehaved: EXIT.failed,
  service_unavailable: EXIT.notRunning,
  mirror_damaged: EXIT.failed,
  disk_full: EXIT.failed,
  internal: EXIT.failed,
};

/** The exit code of anything thrown. */
export const exitOf = (error: unknown): number =>
  isAntipodeError(error) ? EXIT_OF[error.code] : EXIT.failed;

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
