import { AntipodeError } from '@antipode/errors';
import { LARGEST_PAYLOAD, writePacket } from './pkt-line.js';

/** Three streams in one: pack data, what git shows as "remote: …", and a fatal error. gitprotocol-pack(5). */
export type Band = 'data' | 'progress' | 'error';

const NUMBER: Readonly<Record<Band, number>> = { data: 1, progress: 2, error: 3 };
const BANDS: readonly (Band | undefined)[] = [undefined, 'data', 'progress', 'error'];

/** As many packets as `content` needs (side-band-64k). */
export function writeSideBand(band: Band, content: string | Uint8Array): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const packets: Buffer[] = [];
  for (let at = 0; at < bytes.length || packets.length === 0; at += LARGEST_PAYLOAD - 1) {
    packets.push(
      writePacket(Buffer.concat([Buffer.of(NUMBER[band]), bytes.subarray(at, at + LARGEST_PAYLOAD - 1)])),
    );
  }
  return Buffer.concat(packets);
}

/** @throws AntipodeError `invalid` for a packet without a band, or with one that does not exist. */
export function readSideBand(data: Buffer): { readonly band: Band; readonly content: Buffer } {
  const band = BANDS[data[0] ?? 0];
  if (!band)
    throw new AntipodeError('invalid', 'reading a side-band packet: no such band', { band: data[0] });
  return { band, content: data.subarray(1) };
}
