import type { ServerResponse } from 'node:http';
import type { FileHandle } from 'node:fs/promises';
import type { ByteRange } from '@antipode/blob-store';
import { AntipodeError } from '@antipode/errors';
import { watchStream, type StreamLimits } from './stream-answer.js';

/** Two of them are at work for one answer: one is being filled while the other is being sent. */
const LARGE = 1024 * 1024;
const SMALL = 64 * 1024;
/** With more answers at the same time each gets small buffers, so that memory stays flat. */
const MANY = 16;
const MOST_SPARE = 8;
const spare: Buffer[] = [];
let running = 0;

/**
 * Sends a part of a file as the body of an answer whose head is written, and ends it.
 *
 * Reads into buffers that are used again and again: a stream's many small ones, each made anew, cost more than the
 * sending itself. The client sets the pace. However it fails, the connection is destroyed.
 */
export async function sendFile(
  response: ServerResponse,
  { file, range }: { readonly file: FileHandle; readonly range: ByteRange },
  limits: StreamLimits,
): Promise<void> {
  const stop = watchStream(response, limits);
  const buffers = takeBuffers();
  running += 1;
  try {
    await copy(response, file, range, buffers);
    // Only now is it certain that nobody sends from them any more.
    giveBack(buffers);
    response.end();
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    running -= 1;
    stop();
  }
}

type Buffers = readonly [Buffer, Buffer];

async function copy(
  response: ServerResponse,
  file: FileHandle,
  range: ByteRange,
  buffers: Buffers,
): Promise<void> {
  const client = new Client(response);
  let sending: Promise<void> = Promise.resolve();
  let [filling, other] = buffers;
  for (let position = range.first; position <= range.last;) {
    const wanted = Math.min(filling.length, range.last - position + 1);
    const reading = file.read(filling, 0, wanted, position);
    // Whoever fails first, the other's failure must find a listener.
    const [{ bytesRead }] = await Promise.all([reading, sending]);
    // Shorter than it was: what is missing must not look like the end.
    if (bytesRead === 0) throw new AntipodeError('internal', 'sending an object: the file is too short');
    sending = client.write(filling.subarray(0, bytesRead));
    position += bytesRead;
    [filling, other] = [other, filling];
  }
  await sending;
}

/** Says when bytes were taken by the kernel, or that they never will be. */
class Client {
  private reject: ((error: Error) => void) | undefined;

  constructor(private readonly response: ServerResponse) {
    response.once('close', () => this.reject?.(gone()));
  }

  write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.response.destroyed) return reject(gone());
      this.reject = reject;
      this.response.write(bytes, (error) => (error ? reject(gone()) : resolve()));
    });
  }
}

const gone = (): AntipodeError => new AntipodeError('cancelled', 'sending an object: the client is gone');

function takeBuffers(): Buffers {
  if (running >= MANY) return [Buffer.allocUnsafeSlow(SMALL), Buffer.allocUnsafeSlow(SMALL)];
  const take = (): Buffer => spare.pop() ?? Buffer.allocUnsafeSlow(LARGE);
  return [take(), take()];
}

function giveBack(buffers: Buffers): void {
  for (const buffer of buffers) if (buffer.length === LARGE && spare.length < MOST_SPARE) spare.push(buffer);
}
