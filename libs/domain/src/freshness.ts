/**
 * How fresh an answer must be.
 *
 * strict: the primary's refs are asked for every new session.
 * bounded: an epoch may be served while it was equal to the primary within the last `seconds`.
 * event: webhooks and the sweep are trusted.
 */
export type FreshnessPolicy =
  | { readonly kind: 'strict' }
  | { readonly kind: 'bounded'; readonly seconds: number }
  | { readonly kind: 'event' };

const LONGEST_BOUND_SECONDS = 86_400;

/** Reads "strict", "bounded:<seconds>" or "event"; undefined where the text is none of them. */
export function parseFreshness(text: string): FreshnessPolicy | undefined {
  if (text === 'strict' || text === 'event') return { kind: text };
  const seconds = Number(/^bounded:(\d{1,5})$/.exec(text)?.[1] ?? NaN);
  return seconds >= 1 && seconds <= LONGEST_BOUND_SECONDS ? { kind: 'bounded', seconds } : undefined;
}

export const writeFreshness = (policy: FreshnessPolicy): string =>
  policy.kind === 'bounded' ? `bounded:${policy.seconds}` : policy.kind;
