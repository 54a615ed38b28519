/**
 * What readers get while the primary cannot be reached.
 *
 * refuse: nothing (fail closed). serve: what the primary confirmed within the last `seconds`.
 */
export type OutagePolicy = { readonly kind: 'refuse' } | { readonly kind: 'serve'; readonly seconds: number };

/** Reads "refuse" or "serve:<seconds>"; undefined where the text is neither. */
export function parseOutagePolicy(text: string): OutagePolicy | undefined {
  if (text === 'refuse') return { kind: 'refuse' };
  const seconds = Number(/^serve:(\d{1,8})$/.exec(text)?.[1] ?? NaN);
  return seconds >= 1 ? { kind: 'serve', seconds } : undefined;
}
