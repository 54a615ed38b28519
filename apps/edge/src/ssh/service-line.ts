import { Transform, type Readable, type TransformCallback, pipeline } from 'node:stream';
import { packetText, readPacket } from '@antipode/git-wire';

/** Longer than any service line: gitprotocol-http(5). */
const LONGEST_HEAD = 64;

/**
 * An advertisement as it is over SSH: without the line "# service=…" and its flush, which only HTTP has. Some hosts
 * send the line in version 2 as well.
 */
export function withoutServiceLine(body: Readable): Readable {
  const stripped = new StripServiceLine();
  pipeline(body, stripped, () => undefined);
  return stripped;
}

class StripServiceLine extends Transform {
  private head: Buffer | undefined = Buffer.alloc(0);

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    if (!this.head) return done(null, chunk);
    this.head = Buffer.concat([this.head, chunk]);
    if (this.head.length < LONGEST_HEAD) return done();
    this.release(done);
  }

  override _flush(done: TransformCallback): void {
    if (this.head) this.release(done);
    else done();
  }

  private release(done: TransformCallback): void {
    const head = this.head as Buffer;
    this.head = undefined;
    try {
      done(null, strip(head));
    } catch (error) {
      done(error as Error);
    }
  }
}

function strip(head: Buffer): Buffer {
  const first = readPacket(head);
  if (first?.packet.kind !== 'data' || !packetText(first.packet.data).startsWith('# service=')) return head;
  const rest = head.subarray(first.next);
  const second = readPacket(rest);
  return second?.packet.kind === 'flush' ? rest.subarray(second.next) : rest;
}
