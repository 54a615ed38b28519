/** One request as a real git sent it, ready to be sent again. */
export interface RecordedRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64, so that it travels between processes; empty for none. */
  readonly body: string;
}

/** The requests of one git command, in order. */
export type Exchange = readonly RecordedRequest[];
