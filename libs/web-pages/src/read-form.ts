import type { IncomingMessage } from 'node:http';
import { AntipodeError } from '@antipode/errors';

const LARGEST_BYTES = 4096;

/** The fields of a form, a small one unless said otherwise. @throws AntipodeError `invalid` where it is none, `too_large`. */
export async function readForm(
  request: IncomingMessage,
  largestBytes = LARGEST_BYTES,
): Promise<URLSearchParams> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type))
    throw new AntipodeError('invalid', 'reading a form');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBytes) throw new AntipodeError('too_large', 'reading a form');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
