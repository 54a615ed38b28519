import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import { lingerAndClose } from '@antipode/http-door';

const ANSWERS: Readonly<Record<string, { readonly status: number; readonly sentence: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, sentence: 'The headers of this request are too long.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, sentence: 'The chunks of this request are malformed.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, sentence: 'The headers of this request took too long.' },
};
const MALFORMED = { status: 400, sentence: 'This is not HTTP as git speaks it.' };

/** Answers bytes that never became a request, on the bare socket. */
export function answerParseError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  socket.end(writeAnswer(ANSWERS[error.code ?? ''] ?? MALFORMED), () => socket.destroySoon());
}

/** Answers a connection of which no request will be read. */
export function turnAway(socket: Socket, answer: BareAnswer): void {
  socket.resume();
  socket.write(writeAnswer(answer));
  lingerAndClose(socket);
}

interface BareAnswer {
  readonly status: number;
  readonly sentence: string;
}

function writeAnswer({ status, sentence }: BareAnswer): string {
  const body = `${sentence}\n`;
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  );
}
