import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Exchange, RecordedRequest } from './recorded.js';

/** What belongs to one connection rather than to the request. */
const OF_THE_CONNECTION = new Set(['host', 'connection', 'content-length', 'transfer-encoding']);

/**
 * Lets `talk` speak to `origin` through a relay that writes the requests down.
 *
 * What is measured later is then byte for byte what git itself asks this very server; this bench knows nothing of
 * pkt-lines and shares no code with the server that it measures.
 */
export async function recordExchange(
  origin: string,
  talk: (origin: string) => Promise<unknown>,
): Promise<Exchange> {
  const recorded: RecordedRequest[] = [];
  const server = createServer((incoming, answer) => {
    relay(origin, incoming, answer, recorded).catch(() => answer.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await talk(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return recorded;
}

async function relay(
  origin: string,
  incoming: IncomingMessage,
  answer: ServerResponse,
  recorded: RecordedRequest[],
): Promise<void> {
  const body = Buffer.concat((await incoming.toArray()) as Buffer[]);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).filter(([name]) => !OF_THE_CONNECTION.has(name)),
  ) as Record<string, string>;
  const path = incoming.url ?? '/';
  const method = incoming.method === 'POST' ? 'POST' : 'GET';
  // Before the answer: git may be done, and gone, before the last byte of it has passed here.
  recorded.push({ method, path, headers, body: body.toString('base64') });
  const outgoing = request(new URL(path, origin), { method, headers });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  answer.writeHead(response.statusCode ?? 502, response.headers);
  await pipeline(response, answer);
}
