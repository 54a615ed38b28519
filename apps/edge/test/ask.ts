import { request as send, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

export interface Heard {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** One HTTP request exactly as written: the path is not normalised, nothing is added. */
export async function ask(
  base: string,
  path: string,
  { method = 'GET', headers = {}, body }: AskOptions = {},
): Promise<Heard> {
  const { hostname, port } = new URL(base);
  const call = send({ hostname, port, path, method, headers, agent: false });
  call.end(body);
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    body: Buffer.concat(chunks),
  };
}

export const INFO_REFS = '/info/refs?service=git-upload-pack';
export const UPLOAD_PACK = {
  'content-type': 'application/x-git-upload-pack-request',
  'git-protocol': 'version=2',
} as const;
