export interface NoticeOptions {
  readonly node: string;
  readonly primaryName: string;
  /** The primary could not be asked; the outage policy lets an older epoch stand. */
  readonly outage: boolean;
  readonly confirmedAtMs: number;
  readonly nowMs: number;
}

/** One line for the person who waits for a fetch, shown by git as "remote: …". */
export function writeNotice({ node, primaryName, outage, confirmedAtMs, nowMs }: NoticeOptions): string {
  const age = writeAge(Math.max(0, nowMs - confirmedAtMs));
  return outage
    ? `antipode ${node}: ${primaryName} cannot be reached; this is its state of ${age} ago`
    : `antipode ${node}: in sync with ${primaryName} as of ${age} ago`;
}

function writeAge(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
