import type { ServerResponse } from 'node:http';

/** Exactly what git http-backend sends against caches, and nothing more. gitprotocol-http(5). */
const NO_CACHE = {
  Expires: 'Fri, 01 Jan 1980 00:00:00 GMT',
  Pragma: 'no-cache',
  'Cache-Control': 'no-cache, max-age=0, must-revalidate',
} as const;

/** Starts an answer whose length is not known. */
export function beginStream(response: ServerResponse, type: string, contentEncoding?: string): void {
  dropNodeHeaders(response);
  response.writeHead(200, {
    ...NO_CACHE,
    'Content-Type': type,
    ...(contentEncoding === undefined ? {} : { 'Content-Encoding': contentEncoding }),
  });
}

export function sendBytes(response: ServerResponse, type: string, bytes: Buffer): void {
  sendBytesAs(response, 200, type, bytes);
}

export function sendBytesAs(
  response: ServerResponse,
  status: number,
  type: string,
  bytes: Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  dropNodeHeaders(response);
  response.writeHead(status, {
    ...NO_CACHE,
    'Content-Type': type,
    'Content-Length': bytes.length,
    ...headers,
  });
  response.end(bytes);
}

export interface Refusal {
  readonly status: number;
  readonly sentence: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One sentence as text: git shows it as "remote: …" where it was asking for refs. */
export function refuse(response: ServerResponse, { status, sentence, headers }: Refusal): void {
  sendText(response, status, sentence, headers);
}

export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(`${text}\n`);
  dropNodeHeaders(response);
  response.writeHead(status, {
    ...NO_CACHE,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': bytes.length,
    ...headers,
  });
  response.end(bytes);
}

/** Without a Connection header Node adds neither it nor Keep-Alive, and still keeps the connection (HTTP/1.1). */
export function dropNodeHeaders(response: ServerResponse): void {
  if (response.shouldKeepAlive) response.removeHeader('connection');
}
