import { discard, type StorageAnswer } from '../objects/storage-client.js';

/** What the primary said to an upload or a verification, as its client is told it. */
export interface PrimaryOutcome {
  readonly status: number;
  /** Empty where all is well. */
  readonly message: string;
  readonly retryAfter?: string | undefined;
}

const MESSAGE_BYTES = 16 * 1024;
const LONGEST_MESSAGE = 300;

/** Reads an answer to its end, or as much of it as a sentence needs. */
export async function readOutcome(answer: StorageAnswer): Promise<PrimaryOutcome> {
  const { statusCode, headers } = answer;
  if (statusCode < 300) {
    discard(answer);
    return { status: statusCode, message: '' };
  }
  const told = await readMessage(answer).catch(() => '');
  const retryAfter = headers['retry-after'];
  return {
    status: clientStatus(statusCode),
    message: told === '' ? `The primary answered with status ${statusCode}.` : `The primary says: ${told}`,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
  };
}

/** As it was, but 401, with which a client would ask a person for a password, and redirects, which it cannot follow. */
function clientStatus(status: number): number {
  if (status < 400) return 502;
  return status === 401 ? 403 : status;
}

/** `message` of an LFS error; a page of HTML or XML says nothing to a person at a terminal. */
async function readMessage({ body }: StorageAnswer): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MESSAGE_BYTES) break;
  }
  const { message } = JSON.parse(Buffer.concat(chunks).toString()) as { message?: unknown };
  if (typeof message !== 'string') return '';
  return message
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_MESSAGE);
}
