import { once } from 'node:events';
import { createServer, request as ask, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LosingProxy extends AsyncDisposable {
  readonly url: string;
  /** The answers to the next so many requests for tokens get lost after the host has made them. */
  lose(answers: number): void;
  /** Answers to requests for tokens arrive later by this. */
  delay(ms: number): void;
}

/** The way to a host, on which answers get lost or late. */
export async function startLosingProxy(host: string): Promise<LosingProxy> {
  let [losses, delayMs] = [0, 0];
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const upstream = ask(new URL(request.url ?? '/', host), {
        method: request.method,
        headers: request.headers,
      });
      upstream.end(Buffer.concat(chunks));
      const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
      const isTokens = request.url?.endsWith('/access_token') ?? false;
      if (isTokens && delayMs > 0) await sleep(delayMs);
      if (isTokens && losses > 0) {
        losses -= 1;
        answer.resume();
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    })().catch(() => request.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lose: (answers) => (losses = answers),
    delay: (ms) => (delayMs = ms),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
