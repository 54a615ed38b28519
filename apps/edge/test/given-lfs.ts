import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { blobPath } from '@antipode/blob-store';
import { LFS_MEDIA_TYPE } from '@antipode/lfs-wire';
import { ask, type AskOptions, type Heard } from './ask.js';
import type { GivenEdge } from './given-edge.js';

export interface LfsObject {
  readonly oid: string;
  readonly size: number;
}

export const LFS = { accept: LFS_MEDIA_TYPE, 'content-type': LFS_MEDIA_TYPE };

export const objectOf = (bytes: Buffer | string): LfsObject => ({
  oid: createHash('sha256').update(bytes).digest('hex'),
  size: Buffer.byteLength(bytes),
});

/** Puts an object into the node's store, as the lfs service does. */
export async function keep(edge: GivenEdge, bytes: Buffer | string): Promise<LfsObject> {
  const object = objectOf(bytes);
  const path = blobPath(join(edge.folder, 'data', 'lfs'), object.oid);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return object;
}

export interface HeardJson extends Heard {
  readonly json: Record<string, unknown>;
}

export async function askLfs(
  edge: GivenEdge,
  path: string,
  options: AskOptions & { json?: unknown } = {},
): Promise<HeardJson> {
  const { json, ...rest } = options;
  const heard = await ask(edge.url, path, {
    method: 'POST',
    ...rest,
    headers: { ...LFS, ...options.headers },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  return { ...heard, json: JSON.parse(heard.body.toString()) as Record<string, unknown> };
}

export const BATCH = '/acme/widget.git/info/lfs/objects/batch';

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server of which a test says what it answers. */
export class GivenServer implements AsyncDisposable {
  /** Each request, with the port that it came from. */
  readonly heard: {
    port: number | undefined;
    method: string;
    url: string;
    headers: IncomingMessage['headers'];
    body: string;
  }[] = [];
  handler: Handler = (_, response) => void response.writeHead(500).end();
  /** Of a primary: what it answers below "info/lfs". */
  lfs: Handler = (_, response) => void response.writeHead(404).end('<html>');

  /** Whether clients that wait for it are asked to send; otherwise the handler's answer is all they get. */
  asks = false;

  private constructor(private readonly server: ReturnType<typeof createServer>) {}

  /** @param reads whether bodies are read before the handler is asked */
  static async open(reads: 'bodies' | 'heads' = 'bodies'): Promise<GivenServer> {
    const server = createServer();
    const given = new GivenServer(server);
    server.on('request', (request, response) => void given.take(request, response, reads));
    server.on('checkContinue', (request, response) => {
      if (given.asks) response.writeContinue();
      else void given.take(request, response, reads);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return given;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async take(
    request: IncomingMessage,
    response: ServerResponse,
    reads: 'bodies' | 'heads',
  ): Promise<void> {
    const { method = '', url = '', headers } = request;
    const body = reads === 'bodies' ? await text(request).catch(() => 'broken off') : '';
    this.heard.push({ port: request.socket.remotePort, method, url, headers, body });
    this.handler(request, response, body);
  }
}

/** The primary with an LFS server: its own answers below "info/lfs", git's for everything else. */
export function withLfs(server: GivenServer, primaryUrl: string): Promise<string> {
  server.handler = (request, response, body) => {
    if (request.url?.includes('/info/lfs/')) return server.lfs(request, response, body);
    const { hostname, port } = new URL(primaryUrl);
    const { method, headers, url: path } = request;
    const call = send({ hostname, port, path, method, headers }, (heard) => {
      response.writeHead(heard.statusCode ?? 502, heard.headers);
      heard.pipe(response);
    });
    call.end(body);
  };
  return Promise.resolve(server.url);
}
