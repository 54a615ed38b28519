import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { lingerAndClose } from '@antipode/http-door';

/** SSH_MSG_DISCONNECT, for SSH_DISCONNECT_HOST_NOT_ALLOWED_TO_CONNECT. RFC 4253, section 11.1. */
const DISCONNECT = 1;
const NOT_ALLOWED = 1;
const BLOCK = 8;
const LEAST_PADDING = 4;
/** Of those who are turned away, and read on for a moment. */
const MOST_LINGERING = 100;

let lingering = 0;

/**
 * Ends a connection with a sentence that ssh shows: its first packet, before any key, may be the last one. Costs nothing:
 * no key exchange, no place among those who are served.
 */
export function turnAway(socket: Socket, sentence: string): void {
  if (lingering >= MOST_LINGERING) return void socket.destroy();
  lingering += 1;
  socket.once('close', () => (lingering -= 1));
  socket.resume();
  socket.write(Buffer.concat([Buffer.from('SSH-2.0-Antipode\r\n'), writeDisconnect(sentence)]));
  lingerAndClose(socket);
}

/** One packet without encryption. RFC 4253, section 6. */
function writeDisconnect(sentence: string): Buffer {
  const payload = Buffer.concat([
    Buffer.from([DISCONNECT]),
    uint32(NOT_ALLOWED),
    writeString(sentence),
    // The language's tag, which nobody reads.
    writeString(''),
  ]);
  const head = 5 + payload.length;
  const missing = (BLOCK - ((head + LEAST_PADDING) % BLOCK)) % BLOCK;
  const padding = LEAST_PADDING + missing;
  return Buffer.concat([
    uint32(1 + payload.length + padding),
    Buffer.from([padding]),
    payload,
    randomBytes(padding),
  ]);
}

function writeString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
