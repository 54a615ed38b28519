import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { AntipodeError } from '@antipode/errors';
import type { Blob } from './blob-store.js';

/** Passes bytes on, and ends well only where they are those of that name and size. */
export class Verified extends Transform {
  private readonly hash = createHash('sha256');
  private bytes = 0;

  constructor(private readonly blob: Blob) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    // Too long is wrong already, and might have no end.
    if (this.bytes > this.blob.size) return done(this.wrong('longer than announced'));
    this.hash.update(chunk);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    if (this.bytes < this.blob.size) return done(this.wrong('shorter than announced'));
    done(this.hash.digest('hex') === this.blob.oid ? null : this.wrong('not the bytes of that name'));
  }

  private wrong(why: string): AntipodeError {
    const { oid, size } = this.blob;
    return new AntipodeError('primary_misbehaved', `taking in an object: ${why}`, {
      oid,
      size,
      received: this.bytes,
    });
  }
}
