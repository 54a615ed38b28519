import { createHash } from 'node:crypto';

/** As git names it in its capability `object-format`. */
export type ObjectFormat = 'sha1' | 'sha256';

const TRAILER_BYTES: Readonly<Record<ObjectFormat, number>> = { sha1: 20, sha256: 32 };
const HEADER_BYTES = 12;

/**
 * Knows whether a pack has come whole without reading what is in it: a pack ends with the hash of everything before
 * (gitformat-pack(5)). So all but the last bytes are hashed as they pass, and compared with the last ones on demand.
 */
export class PackEnd {
  private readonly hash;
  private readonly trailerBytes: number;
  private tail: Buffer = Buffer.alloc(0);
  private hashed = 0;

  constructor(format: ObjectFormat) {
    this.hash = createHash(format);
    this.trailerBytes = TRAILER_BYTES[format];
  }

  take(chunk: Buffer): void {
    const { trailerBytes, tail } = this;
    if (chunk.length >= trailerBytes) {
      this.count(tail);
      this.count(chunk.subarray(0, chunk.length - trailerBytes));
      // A copy: the chunk must not live as long as its last bytes.
      this.tail = Buffer.from(chunk.subarray(chunk.length - trailerBytes));
      return;
    }
    const bytes = Buffer.concat([tail, chunk]);
    const surplus = Math.max(0, bytes.length - trailerBytes);
    this.count(bytes.subarray(0, surplus));
    this.tail = bytes.subarray(surplus);
  }

  /** Costs one hash of nothing: to be asked whenever the sender is quiet. */
  get isWhole(): boolean {
    return this.hashed >= HEADER_BYTES && this.hash.copy().digest().equals(this.tail);
  }

  private count(bytes: Buffer): void {
    this.hashed += bytes.length;
    this.hash.update(bytes);
  }
}
