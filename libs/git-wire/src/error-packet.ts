import { LARGEST_PAYLOAD, packetText, writePacket } from './pkt-line.js';

const PREFIX = 'ERR ';

/** git prints it as "fatal: remote error: …" and gives up. gitprotocol-pack(5). */
export function writeErrorPacket(sentence: string): Buffer {
  // Cut by bytes; a character cut in half at the end of 64 KB harms nobody.
  return writePacket(Buffer.from(`${PREFIX}${sentence}\n`).subarray(0, LARGEST_PAYLOAD));
}

/** The sentence of an error packet; undefined for any other packet. */
export function readErrorPacket(data: Buffer): string | undefined {
  if (data.toString('latin1', 0, PREFIX.length) !== PREFIX) return undefined;
  return packetText(data.subarray(PREFIX.length));
}
