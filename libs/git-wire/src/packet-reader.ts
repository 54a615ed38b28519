import { AntipodeError } from '@antipode/errors';
import { readPacket, type Packet } from './pkt-line.js';

/**
 * Reads packets from a stream however its bytes are sliced, and can stop at any packet and hand over
 * the rest untouched: after "packfile" in an answer, everything is better copied than parsed.
 *
 * Keeps at most one packet more than what was pushed and not yet read.
 */
export class PacketReader {
  private pending: Buffer = Buffer.alloc(0);

  /** How many bytes were pushed and not read. */
  get pendingBytes(): number {
    return this.pending.length;
  }

  push(chunk: Buffer): void {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
  }

  /**
   * The next packet; undefined where more bytes are needed.
   *
   * @throws AntipodeError `invalid` for bytes that are no packet.
   */
  next(): Packet | undefined {
    const found = readPacket(this.pending);
    if (!found) return undefined;
    this.pending = this.pending.subarray(found.next);
    return found.packet;
  }

  /** Everything that was pushed and not read; the reader is empty afterwards. */
  rest(): Buffer {
    const rest = this.pending;
    this.pending = Buffer.alloc(0);
    return rest;
  }

  /** @throws AntipodeError `invalid` where the stream ended inside a packet. */
  end(): void {
    if (this.pending.length > 0)
      throw new AntipodeError('invalid', 'reading packets: the stream ended inside one');
  }
}

/** Every packet of a stream. @throws AntipodeError `invalid` as soon as the stream is no stream of packets. */
export async function* readPacketStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Packet> {
  const reader = new PacketReader();
  for await (const chunk of chunks) {
    reader.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    for (let packet = reader.next(); packet; packet = reader.next()) yield packet;
  }
  reader.end();
}
