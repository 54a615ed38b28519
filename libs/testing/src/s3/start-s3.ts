import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { S3Bucket, type S3Answer } from './s3-bucket.js';
import { S3Refusal } from './s3-refusal.js';
import { verifySignature, type S3Key } from './verify-signature.js';

/** What happens to requests instead of an answer. */
export interface S3Fault {
  /** Against `GET /bucket/key?query`. */
  readonly when: RegExp;
  /** To so many of them. */
  readonly times: number;
  readonly how:
    | { readonly status: number; readonly code: string }
    /** The connection ends in the body, after so many bytes. */
    | { readonly cutAfter: number }
    /** The answer never comes. */
    | 'silence';
}

export interface RunningS3 extends AsyncDisposable {
  /** Base URL; the bucket stands in the path. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly key: S3Key;
  /** What it keeps, by key. */
  readonly objects: Map<string, Buffer>;
  /** Uploads in parts that were neither completed nor given up. */
  readonly uploads: S3Bucket['uploads'];
  /** `GET /bucket/key?query` of all that was asked. */
  readonly requests: string[];
  /** Answers that were begun and neither taken to their end nor let go of. */
  answering(): number;
  fail(fault: S3Fault): void;
}

/**
 * An S3 of the test's own. It verifies every signature, in headers and in links, and every checksum; it knows uploads in
 * parts, ranges and lists in pages, and what it does not know it refuses. It keeps everything in memory.
 */
export async function startS3({ pageSize = 1000 }: { pageSize?: number } = {}): Promise<RunningS3> {
  const key = { id: 'TESTKEY', secret: randomBytes(20).toString('base64') };
  const bucket = new S3Bucket(pageSize);
  const requests: string[] = [];
  const faults: { when: RegExp; left: number; how: S3Fault['how'] }[] = [];

  let answering = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url: target = '', headers } = request;
    requests.push(`${method} ${target}`);
    const fault = faults.find(({ when, left }) => left > 0 && when.test(`${method} ${target}`));
    if (fault) fault.left--;
    const body = await buffer(request);
    if (fault?.how === 'silence') return;
    try {
      if (fault && 'status' in fault.how) throw new S3Refusal(fault.how.status, fault.how.code);
      verifySignature({ method, target, headers, body }, key);
      const { pathname, searchParams: query } = new URL(target, 'http://s3');
      const [, name, ...rest] = pathname.split('/');
      if (name !== BUCKET) throw new S3Refusal(404, 'NoSuchBucket');
      const found = bucket.answer({ method, key: rest.join('/'), query, headers, body });
      if (fault && 'cutAfter' in fault.how) cut(response, found, fault.how.cutAfter);
      else response.writeHead(found.status, { ...found.headers }).end(found.body);
    } catch (error) {
      refuse(response, method, error);
    }
  };

  const server = createServer((request, response) => {
    answering++;
    response.once('close', () => answering--);
    void answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A test that failed before it could close this must not keep the process.
  server.unref();
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket: BUCKET,
    key,
    objects: bucket.objects,
    uploads: bucket.uploads,
    requests,
    answering: () => answering,
    fail: ({ when, times, how }) => void faults.push({ when, left: times, how }),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const BUCKET = 'large-files';

function cut(response: ServerResponse, { status, headers, body = '' }: S3Answer, after: number): void {
  response.writeHead(status, { ...headers });
  response.write(Buffer.from(body).subarray(0, after), () => response.destroy());
}

function refuse(response: ServerResponse, method: string, error: unknown): void {
  if (!(error instanceof S3Refusal)) throw error;
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${error.code}</Code><Message>no</Message></Error>`;
  response
    .writeHead(error.status, { 'content-type': 'application/xml' })
    .end(method === 'HEAD' ? undefined : body);
}
