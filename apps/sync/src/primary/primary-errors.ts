import type { Dispatcher } from 'undici';
import { AntipodeError, isAntipodeError, type Code } from '@antipode/errors';

/** What the primary's refusals mean for this mirror's own credential. */
const REFUSED: Readonly<Record<number, Code>> = {
  401: 'unauthenticated',
  403: 'denied',
  404: 'not_found',
  410: 'not_found',
};
const UNREAD_BYTES = 64 * 1024;
const EXCERPT_CHARS = 300;

/** @throws AntipodeError where the answer is not a 200 of the expected type. */
export async function requireOk(answer: Dispatcher.ResponseData, type: string, doing: string): Promise<void> {
  const { statusCode: status, headers, body } = answer;
  const isExpected =
    String(headers['content-type'] ?? '')
      .split(';')[0]
      ?.trim()
      .toLowerCase() === type;
  if (status === 200 && isExpected) return;
  const refused = REFUSED[status];
  // The host's own sentence ("enable two-step authentication") is what an operator needs to read.
  const said = refused ? await excerpt(body) : '';
  if (!refused) await body.dump({ limit: UNREAD_BYTES }).catch(() => undefined);
  throw new AntipodeError(
    refused ?? unanswered(status),
    doing,
    { status, said },
    refused ? { hint: sentence(status, said) } : {},
  );
}

function unanswered(status: number): Code {
  if (status === 429) return 'primary_limited';
  return status >= 500 ? 'primary_unavailable' : 'primary_misbehaved';
}

function sentence(status: number, said: string): string {
  const words = said && !said.includes('<') ? `: ${said}` : '.';
  return `The primary refuses this mirror's own credential (${status})${words}`;
}

async function excerpt(body: Dispatcher.ResponseData['body']): Promise<string> {
  let text = '';
  for await (const chunk of body as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    // Leaving the loop ends the connection.
    if (text.length > EXCERPT_CHARS) break;
  }
  return text.slice(0, EXCERPT_CHARS).replace(/\s+/g, ' ').trim();
}

/** A request that got no answer, as our own error. The cause is kept by its code: libraries hang headers on what they throw. */
export function asPrimaryError(
  error: unknown,
  doing: string,
  signal: AbortSignal | undefined,
): AntipodeError {
  if (isAntipodeError(error)) return error;
  if (signal?.aborted) return new AntipodeError('cancelled', doing);
  const reason = (error as { code?: unknown }).code ?? (error instanceof Error ? error.name : 'unknown');
  const notHttp = typeof reason === 'string' && /^HPE_|^UND_ERR_(?:HEADERS_OVERFLOW|RES_)/.test(reason);
  return new AntipodeError(notHttp ? 'primary_misbehaved' : 'primary_unavailable', doing, { reason });
}

/** True where a request met a connection that was just being closed. */
export const isStaleConnection = (error: unknown): boolean =>
  ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(String((error as { code?: unknown }).code));
