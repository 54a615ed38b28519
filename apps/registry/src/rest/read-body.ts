import type { IncomingMessage } from 'node:http';
import { AntipodeError } from '@antipode/errors';

export interface ReadBody {
  readonly limitBytes: number;
  readonly timeoutMs: number;
}

/**
 * A request's body as it came, byte for byte.
 *
 * @throws AntipodeError `too_large` as soon as it is, `invalid` where it is compressed or was cut off, `timed_out`.
 */
export async function readBody(
  request: IncomingMessage,
  { limitBytes, timeoutMs }: ReadBody,
): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new AntipodeError(
      'invalid',
      'reading a body',
      { encoding },
      { hint: 'The body must not be compressed.' },
    );
  }
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(
    () => request.destroy(new AntipodeError('timed_out', 'reading a body')),
    timeoutMs,
  );
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limitBytes) throw tooLarge(limitBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}

const tooLarge = (limitBytes: number): AntipodeError =>
  new AntipodeError(
    'too_large',
    'reading a body',
    { limitBytes },
    { hint: `The body is longer than ${limitBytes} bytes.` },
  );
