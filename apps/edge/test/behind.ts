import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands behind the edge, and what it heard. */
export interface Behind {
  readonly server: Server;
  readonly url: string;
  readonly heard: IncomingMessage[];
}

export async function behind(name: string): Promise<Behind> {
  const heard: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    heard.push(request);
    request.resume();
    if (!/events/i.test(request.url ?? '')) return void response.end(`${name} ${request.url ?? ''}`);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('retry: 3000\n\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, heard, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** In front of the primary: lets everything through, and remembers with which headers it came. */
export async function recordingRelay(target: string): Promise<Behind> {
  const heard: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    heard.push(request);
    const onward = send(target + (request.url ?? ''), { method: request.method, headers: request.headers });
    request.pipe(onward);
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, heard, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
