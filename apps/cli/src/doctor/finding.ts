/** What the doctor saw of one thing. */
export interface Finding {
  readonly check: string;
  /** fail: something does not work. warn: it works, but worse than it could, or not for long. */
  readonly outcome: 'ok' | 'warn' | 'fail';
  readonly seen: string;
  /** What to do about it; absent where all is well. */
  readonly next?: string;
}

export const ok = (check: string, seen: string): Finding => ({ check, outcome: 'ok', seen });
export const warn = (check: string, seen: string, next: string): Finding => ({
  check,
  outcome: 'warn',
  seen,
  next,
});
export const fail = (check: string, seen: string, next: string): Finding => ({
  check,
  outcome: 'fail',
  seen,
  next,
});

/** What is underneath a failed connection; "fetch failed" says nothing. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return cause?.code ?? cause?.message ?? (error as NodeJS.ErrnoException).code ?? error.message;
}
