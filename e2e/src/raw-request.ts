import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

/** What came back over the wire, before anybody made it nicer. */
export interface RawAnswer {
  /** 0 where the server closed without a word. */
  readonly status: number;
  /** As sent, except for the Date, which nobody can make equal. */
  readonly head: string;
  readonly body: string;
}

export type Bytes = string | Buffer;

export interface RawOptions {
  /** How long to wait for the answer; then the answer so far counts. */
  readonly timeoutMs?: number;
  /** More bytes after the head, for as long as the server takes them. */
  readonly then?: AsyncIterable<Bytes> | Iterable<Bytes>;
}

/** Sends bytes to an HTTP server as they are, and reads one answer. */
export async function rawRequest(url: string, bytes: Bytes, options: RawOptions = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const received: Buffer[] = [];
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  // A reset while we still send is an answer like another.
  socket.on('error', () => undefined);
  socket.on('close', () => (isClosed = true));
  await once(socket, 'connect');
  socket.write(bytes);
  void send(socket, options.then ?? []);
  const deadline = Date.now() + (options.timeoutMs ?? 10_000);
  while (!isClosed && !isComplete(Buffer.concat(received)) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  socket.destroy();
  return parse(Buffer.concat(received));
}

/** A request with this head; CRLF and the Host line are added. */
export function requestHead(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
): string {
  const lines = Object.entries({ Host: 'mirror.example', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return [`${method} ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n');
}

export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

async function send(socket: Socket, parts: AsyncIterable<Bytes> | Iterable<Bytes>): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  for await (const part of parts) {
    if (socket.destroyed || !socket.writable) return;
    const drained = new Promise<void>((resolve) => socket.once('drain', () => resolve()));
    if (!socket.write(part)) await Promise.race([drained, closed]);
    else socket.removeAllListeners('drain');
  }
}

function split(bytes: Buffer): { head: string; body: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  return end < 0
    ? undefined
    : { head: bytes.subarray(0, end).toString('latin1'), body: bytes.subarray(end + 4) };
}

function isComplete(bytes: Buffer): boolean {
  const parts = split(bytes);
  if (!parts) return false;
  const length = /^content-length: *(\d+)$/im.exec(parts.head)?.[1];
  if (length !== undefined) return parts.body.length >= Number(length);
  return /^transfer-encoding: *chunked$/im.test(parts.head) && parts.body.includes('0\r\n\r\n');
}

function parse(bytes: Buffer): RawAnswer {
  const parts = split(bytes);
  if (!parts) return { status: 0, head: '', body: bytes.toString('latin1') };
  const head = parts.head
    .split('\r\n')
    .filter((line) => !/^date:/i.test(line))
    .join('\n');
  return { status: Number(head.split(' ')[1] ?? 0), head, body: parts.body.toString('latin1') };
}
