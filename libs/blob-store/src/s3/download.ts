import { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import type { ByteRange } from '../blob-store.js';
import { isAbsent } from './s3-failure.js';
import type { Target } from './upload.js';

/** In a row, without a byte between them. */
const MAX_CUTS = 3;

/**
 * The bytes of an object, or of a part of it; undefined where it is absent. A connection that is cut goes on from where
 * it was, with the same object: `If-Match`.
 *
 * @param explain says what a failure in the middle means.
 */
export async function download(
  s3: S3Client,
  from: Target,
  range: ByteRange | undefined,
  explain: (error: unknown) => Error,
): Promise<Readable | undefined> {
  const first = await orAbsent(get(s3, from, range));
  if (!first) return undefined;
  const begin = range?.first ?? 0;
  const reading: Reading = {
    body: first.Body as Readable,
    next: begin,
    end: begin + (first.ContentLength ?? 0),
    again: (part) => get(s3, { ...from, ...(first.ETag ? { IfMatch: first.ETag } : {}) }, part),
  };
  const stream = Readable.from(chunks(reading, explain), { objectMode: false });
  // A generator that nobody has begun to read ends without having let go of anything.
  return stream.once('close', () => reading.body.destroy());
}

interface Reading {
  body: Readable;
  /** The next byte's number in the object, and that of the first that is not wanted any more. */
  next: number;
  readonly end: number;
  again(part: ByteRange): Promise<GetObjectCommandOutput>;
}

async function* chunks(reading: Reading, explain: (error: unknown) => Error): AsyncGenerator<Buffer> {
  for (let cuts = 0; ; cuts++) {
    try {
      if (cuts > 0) await resume(reading);
      for await (const chunk of reading.body as AsyncIterable<Buffer>) {
        reading.next += chunk.length;
        cuts = 0;
        yield chunk;
      }
      if (reading.next >= reading.end) return;
      throw new Error('the object storage sent less than it announced');
    } catch (error) {
      if (cuts >= MAX_CUTS) throw explain(error);
    }
  }
}

async function resume(reading: Reading): Promise<void> {
  const answer = await reading.again({ first: reading.next, last: reading.end - 1 });
  reading.body = answer.Body as Readable;
}

const get = (s3: S3Client, from: Target, range: ByteRange | undefined): Promise<GetObjectCommandOutput> =>
  s3.send(
    new GetObjectCommand({ ...from, ...(range ? { Range: `bytes=${range.first}-${range.last}` } : {}) }),
  );

async function orAbsent<T>(getting: Promise<T>): Promise<T | undefined> {
  try {
    return await getting;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
