import type { AntipodeError } from '@antipode/errors';

const LEAST_MS = 1000;
const UNSAID_MS = 15_000;
const MOST_MS = 900_000;

/** Who is to be left in peace until when. Kept in memory: a restart asks once too early, and hears it again. */
export class Rests {
  private readonly until = new Map<string, number>();

  /** @param who a repository's id; '' for the primary as a whole */
  rest(who: string, forMs: number): void {
    this.until.set(who, Math.max(this.until.get(who) ?? 0, Date.now() + forMs));
  }

  /** Milliseconds until it may be asked again; 0: now. */
  leftOf(repositoryId: string): number {
    const now = Date.now();
    return Math.max(0, ...['', repositoryId].map((who) => (this.until.get(who) ?? 0) - now));
  }
}

/** How long the primary wants to be left in peace: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3). */
export function restMs({ context }: AntipodeError, nowMs = Date.now()): number {
  const told = context['retryAfter'];
  const text = typeof told === 'string' ? told.trim() : '';
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? UNSAID_MS : Math.min(Math.max(waitMs, LEAST_MS), MOST_MS);
}
