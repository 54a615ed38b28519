/** First segments that are the mirror's own, or the simulator's, and so can be nobody's workspace here. */
const RESERVED_ROOTS: ReadonlySet<string> = new Set(['-', 'antipode', '_sim']);

/** Names that mean something to git, to file systems or to the mirror's own routes, wherever they stand. */
const RESERVED_ANYWHERE: ReadonlySet<string> = new Set(['', '.', '..', '.git', '-']);

/** True where one of a path's segments is a name that no repository can have through this mirror. */
export const hasReservedName = (segments: readonly string[]): boolean =>
  RESERVED_ROOTS.has((segments[0] ?? '').toLowerCase()) ||
  segments.some((segment) => RESERVED_ANYWHERE.has(segment.toLowerCase()));
