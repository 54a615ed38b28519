import type { Dispatcher } from 'undici';

export interface BoundedBody {
  readonly bytes: Buffer;
  /** The body went on; the rest was thrown away with its connection. */
  readonly truncated: boolean;
}

/** The first `limit` bytes of an answer. A host that sends more (or without end) fills no memory of ours. */
export async function readBounded(
  body: Dispatcher.ResponseData['body'],
  limit: number,
): Promise<BoundedBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    // Leaving the loop destroys the stream.
    if (size > limit) break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, limit), truncated: size > limit };
}
