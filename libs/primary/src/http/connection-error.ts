import { AntipodeError } from '@antipode/errors';

/** Codes of undici and of the system for an answer that is no HTTP. */
const MISBEHAVED = /^(HPE_|HTTPParserError|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_|UND_ERR_INFO)/;

/** Codes of a kept connection that the other side closed just as we used it again. */
const STALE = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

const codeOf = (error: unknown): string => {
  const code: unknown = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
};

/** True where the request may have met a connection that was closing: asking once more is worth it. */
export const isStaleConnection = (error: unknown): boolean => STALE.has(codeOf(error));

/**
 * A request that got no answer, as our own error. The cause is kept by code alone: libraries hang requests, with their
 * headers, on what they throw.
 */
export function connectionError(
  error: unknown,
  doing: string,
  signal: AbortSignal | undefined,
): AntipodeError {
  if (signal?.aborted) return new AntipodeError('cancelled', doing);
  const reason = codeOf(error) || (error instanceof Error ? error.name : 'unknown');
  return new AntipodeError(MISBEHAVED.test(reason) ? 'primary_misbehaved' : 'primary_unavailable', doing, {
    reason,
  });
}
