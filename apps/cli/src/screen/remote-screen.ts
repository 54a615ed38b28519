import { Screen, type ScreenEvent } from './screen.js';

/** What a detached supervisor tells the command that waits for it. */
export type Report =
  | { readonly kind: 'screen'; readonly event: ScreenEvent }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly sentence: string };

/** The screen of a detached supervisor: shown by the command that started it, as long as that is there; kept in its log. */
export function remoteScreen(): Screen {
  return new Screen((event) => {
    if (event.kind === 'say') process.stdout.write(`${new Date().toISOString()} ${event.text}\n`);
    report({ kind: 'screen', event });
  });
}

export function report(what: Report): void {
  // The waiting command may be gone in this very moment; then nobody needs to know.
  if (process.connected) process.send?.(what, undefined, undefined, () => undefined);
}
