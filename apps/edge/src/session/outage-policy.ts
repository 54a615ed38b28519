/**
 * What readers get while the primary cannot be reached.
 *
 * refuse: nothing (fail closed). serve: an epoch that was confirmed within the last `seconds`.
 */
export type OutagePolicy = { readonly kind: 'refuse' } | { readonly kind: 'serve'; readonly seconds: number };

/** Reads "refuse" or "serve:<seconds>"; undefined where the text is neither. */
export function parseOutagePolicy(text: string): OutagePolicy | undefined {
  if (text === 'refuse') return { kind: 'refuse' };
  const seconds = Number(/^serve:(\d{1,8})$/.exec(text)?.[1] ?? NaN);
  return seconds >= 1 ? { kind: 'serve', seconds } : undefined;
}

/** True where an epoch confirmed at `confirmedAtMs` may be served although the primary cannot be asked. */
export const standsInOutage = (policy: OutagePolicy, confirmedAtMs: number, nowMs: number): boolean =>
  policy.kind === 'serve' && nowMs - confirmedAtMs <= policy.seconds * 1000;
