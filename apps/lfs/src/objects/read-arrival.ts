import type { ByteRange } from '@antipode/blob-store';
import type { Arrival } from './arrival.js';
import { HELD_BACK_BYTES } from './held-back.js';

const READ_BYTES = 256 * 1024;

export interface ReadArrival {
  readonly arrival: Arrival;
  readonly range: ByteRange;
  /** What comes after the place where the file ended because there was no room. */
  readonly rest: (from: number) => AsyncIterable<Buffer>;
}

/**
 * The bytes of an object while it arrives, at the reader's own speed. The last ones are held back until all are known
 * to be right: wrong ones never look whole.
 *
 * The caller has entered the arrival.
 *
 * @throws AntipodeError whatever ended the arrival.
 */
export async function* readArrival({ arrival, range, rest }: ReadArrival): AsyncGenerator<Buffer, void> {
  for (let at = range.first; at <= range.last;) {
    const { failure, isRight, written, changed } = arrival;
    const held = isRight || failure?.code === 'disk_full' ? 0 : HELD_BACK_BYTES;
    const end = Math.min(written, range.last + 1 - held);
    if (at < end) {
      const chunk = await arrival.read(at, Math.min(end - at, READ_BYTES));
      at += chunk.length;
      yield chunk;
    } else if (failure?.code === 'disk_full') {
      yield* rest(at);
      return;
    } else if (failure) throw failure;
    else await changed;
  }
}
