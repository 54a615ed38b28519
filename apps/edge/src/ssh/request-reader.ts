import type { Readable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';
import { FLUSH, RESPONSE_END, DELIM, PacketReader, writePacket, type Packet } from '@antipode/git-wire';
import type { BodyBudget } from '../http/read-body.js';
import { readChunk } from './read-chunk.js';

export interface RequestLimits {
  /** Of one request. */
  readonly maxBytes: number;
  /** Of all requests that are held in memory. */
  readonly budget: BodyBudget;
}

/** A request's bytes, held in memory until they are released. */
export interface HeldRequest {
  readonly bytes: Buffer;
  readonly release: () => void;
}

const MARKERS = { flush: FLUSH, delim: DELIM, 'response-end': RESPONSE_END } as const;

/** Reads what a client says in git's protocol, packet by packet, within bounds. gitprotocol-common(5). */
export class RequestReader {
  private readonly packets = new PacketReader();

  constructor(
    private readonly stdin: Readable,
    private readonly signal: AbortSignal,
    private readonly limits: RequestLimits,
  ) {}

  /**
   * Everything through the next flush; undefined where the client has nothing more to say.
   *
   * @throws AntipodeError `invalid`, `too_large`, `busy`, `cancelled`.
   */
  async untilFlush(): Promise<HeldRequest | undefined> {
    const collected = new Collected(this.limits);
    try {
      for (;;) {
        const packet = await this.next();
        if (!packet && collected.size === 0) return undefined;
        if (!packet) throw new AntipodeError('invalid', 'reading a request: it ended before its flush');
        collected.add(packet);
        if (packet.kind === 'flush') return { bytes: collected.bytes, release: () => collected.release() };
      }
    } catch (error) {
      collected.release();
      throw error;
    }
  }

  /** One packet; undefined at the end. */
  async next(): Promise<Packet | undefined> {
    for (;;) {
      const packet = this.packets.next();
      if (packet) return packet;
      const chunk = await readChunk(this.stdin, this.signal);
      if (!chunk) {
        this.packets.end();
        return undefined;
      }
      this.packets.push(chunk);
    }
  }

  /** What was read of the stream and not yet of the packets; the reader is of no use afterwards. */
  rest(): Buffer {
    return this.packets.rest();
  }
}

export const packetBytes = (packet: Packet): Buffer =>
  packet.kind === 'data' ? writePacket(packet.data) : MARKERS[packet.kind];

/** Packets that are kept, within bounds. */
export class Collected {
  size = 0;
  private readonly chunks: Buffer[] = [];

  constructor(private readonly limits: RequestLimits) {}

  get bytes(): Buffer {
    return Buffer.concat(this.chunks, this.size);
  }

  /** @throws AntipodeError `too_large`, `busy`. */
  add(packet: Packet): void {
    const bytes = packetBytes(packet);
    if (this.size + bytes.length > this.limits.maxBytes)
      throw new AntipodeError('too_large', 'reading a request', { limit: this.limits.maxBytes });
    this.limits.budget.take(bytes.length);
    this.size += bytes.length;
    this.chunks.push(bytes);
  }

  release(): void {
    this.limits.budget.give(this.size);
    this.size = 0;
  }
}
