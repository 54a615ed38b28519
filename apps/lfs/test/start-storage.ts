import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LfsObject } from '@antipode/lfs-wire';
import type { Source } from '../src/objects/objects.js';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Somebody's storage for objects, which does what it is told, lies included. */
export interface Storage extends AsyncDisposable {
  readonly url: string;
  /** Every request so far, in order. */
  readonly seen: IncomingMessage[];
  /** What the next requests hear; the last of these answers stays. */
  answer(...answers: Answer[]): void;
}

export async function startStorage(): Promise<Storage> {
  const seen: IncomingMessage[] = [];
  let queue: Answer[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    response.on('error', () => undefined);
    const next = queue.length > 1 ? queue.shift() : queue[0];
    if (next) next(request, response);
    else response.writeHead(500).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    answer: (...answers) => {
      seen.length = 0;
      queue = answers;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Made {
  readonly bytes: Buffer;
  readonly object: LfsObject;
}

export function make(size = 300_000): Made {
  const bytes = randomBytes(size);
  return { bytes, object: { oid: createHash('sha256').update(bytes).digest('hex'), size } };
}

/** As an honest storage does, ranges included. */
export const honest =
  (bytes: Buffer): Answer =>
  (request, response) => {
    const [, first = '0', last = `${bytes.length - 1}`] =
      /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const part = bytes.subarray(Number(first), Number(last) + 1);
    response.writeHead(request.headers.range ? 206 : 200, {
      'content-length': part.length,
      ...(request.headers.range ? { 'content-range': `bytes ${first}-${last}/${bytes.length}` } : {}),
    });
    response.end(part);
  };

/** So many bytes of what was asked for, then the line goes dead. */
export const cutAfter =
  (bytes: Buffer, count: number): Answer =>
  (request, response) => {
    const first = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(request.headers.range ? 206 : 200, {
      'content-length': bytes.length - first,
      ...(request.headers.range
        ? { 'content-range': `bytes ${first}-${bytes.length - 1}/${bytes.length}` }
        : {}),
    });
    response.write(bytes.subarray(first, first + count), () => response.destroy());
  };

/** So many bytes, then silence, until the test goes on. */
export function stalled(
  bytes: Buffer,
  count: number,
): { readonly answer: Answer; readonly goOn: () => void; readonly closed: Promise<void> } {
  const going = Promise.withResolvers<void>();
  const closing = Promise.withResolvers<void>();
  return {
    answer: (_, response) => {
      response.once('close', () => closing.resolve());
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, count));
      void going.promise.then(() => response.end(bytes.subarray(count)));
    },
    goOn: () => going.resolve(),
    closed: closing.promise,
  };
}

export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    void response.writeHead(code, headers).end();

/** Links into that storage, and how often each kind was asked for. */
export function sourceAt(url: string, header: Record<string, string> = {}): Source & { asked: boolean[] } {
  const asked: boolean[] = [];
  return {
    asked,
    link: ({ fresh }) => {
      asked.push(fresh);
      return Promise.resolve({ href: `${url}/a%7Eb?sig=x%2Fy&link=${asked.length}`, header });
    },
  };
}
