import { AntipodeError } from '@antipode/errors';

/**
 * The unit of git's protocols: four hex digits of length, themselves included, then that many bytes.
 * Three lengths that cannot be are markers. Spec: gitprotocol-common(5), gitprotocol-v2(5).
 */
export type Packet = { readonly kind: 'data'; readonly data: Buffer } | { readonly kind: Marker };

export type Marker = 'flush' | 'delim' | 'response-end';

/** The longest packet, its four digits included. */
export const LARGEST_PACKET = 65520;
/** The most that one packet can carry. */
export const LARGEST_PAYLOAD = LARGEST_PACKET - 4;

const HEADER = 4;
const MARKERS: readonly Marker[] = ['flush', 'delim', 'response-end'];

export const FLUSH: Buffer = Buffer.from('0000');
export const DELIM: Buffer = Buffer.from('0001');
export const RESPONSE_END: Buffer = Buffer.from('0002');

/** @throws AntipodeError `too_large` where `payload` does not fit into one packet. */
export function writePacket(payload: string | Uint8Array): Buffer {
  const size = HEADER + (typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length);
  if (size > LARGEST_PACKET) throw new AntipodeError('too_large', 'writing a packet', { size });
  const packet = Buffer.allocUnsafe(size);
  packet.write(size.toString(16).padStart(HEADER, '0'), 0, 'latin1');
  if (typeof payload === 'string') packet.write(payload, HEADER, 'utf8');
  else packet.set(payload, HEADER);
  return packet;
}

/** A packet and where the next one begins. */
export interface FoundPacket {
  readonly packet: Packet;
  readonly next: number;
}

/**
 * Reads the packet at `offset`; undefined where more bytes are needed.
 *
 * @throws AntipodeError `invalid` for anything that is no packet, as soon as its first four bytes show it.
 */
export function readPacket(bytes: Buffer, offset = 0): FoundPacket | undefined {
  if (bytes.length - offset < HEADER) return undefined;
  const size = readSize(bytes, offset);
  const marker = MARKERS[size];
  if (marker) return { packet: { kind: marker }, next: offset + HEADER };
  if (bytes.length - offset < size) return undefined;
  return {
    packet: { kind: 'data', data: bytes.subarray(offset + HEADER, offset + size) },
    next: offset + size,
  };
}

/**
 * Reads a body that holds whole packets and nothing else.
 *
 * @throws AntipodeError `invalid` for bytes that are no packets, and for a packet cut short at the end.
 */
export function* readPackets(bytes: Buffer): Generator<Packet> {
  let offset = 0;
  while (offset < bytes.length) {
    const found = readPacket(bytes, offset);
    if (!found) throw new AntipodeError('invalid', 'reading packets: the last one is cut short', { offset });
    yield found.packet;
    offset = found.next;
  }
}

/** The text of a data packet without the line feed that senders may or may not put at its end. */
export function packetText(data: Buffer): string {
  const end = data[data.length - 1] === 0x0a ? data.length - 1 : data.length;
  return data.toString('utf8', 0, end);
}

function readSize(bytes: Buffer, offset: number): number {
  let size = 0;
  for (let i = offset; i < offset + HEADER; i += 1) size = size * 16 + hexDigit(bytes[i] ?? 0);
  // 3 would desynchronise a lenient reader; so would anything longer than git itself sends.
  if (Number.isNaN(size) || size === 3 || size > LARGEST_PACKET) {
    throw new AntipodeError('invalid', 'reading a packet: impossible length', {
      length: bytes.toString('latin1', offset, offset + HEADER),
    });
  }
  return size;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : Number.NaN;
}
