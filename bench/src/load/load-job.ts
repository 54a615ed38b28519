import type { Exchange } from './recorded.js';

/** What the load process is asked to do. */
export interface LoadJob {
  /** `http://host:port`. */
  readonly origin: string;
  readonly exchange: Exchange;
  /** Clients at once, each on a connection of its own that it keeps. */
  readonly clients: number;
  /** Either goes on for this long, or until each client has done so many exchanges. */
  readonly until: { readonly seconds: number } | { readonly rounds: number };
}

/** What came of it. */
export interface LoadResult {
  readonly seconds: number;
  /** Completed whole: all requests answered with 200 to the last byte. */
  readonly exchanges: number;
  readonly requests: number;
  /** Bytes of bodies received. */
  readonly bytes: number;
  /** Duration of each exchange, at most the first 20,000 of each client. */
  readonly exchangeMs: readonly number[];
  /** Until the first byte of the last request's body, likewise. */
  readonly firstByteMs: readonly number[];
  /** Answers that were not 200, by status; a broken connection counts as `broken`. */
  readonly failures: Readonly<Record<string, number>>;
}
