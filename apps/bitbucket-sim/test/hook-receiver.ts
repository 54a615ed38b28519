import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Parsed. */
  readonly payload: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- payloads are what the test is about
}

/** Takes webhooks as a mirror would, and keeps them. */
export class HookReceiver implements AsyncDisposable {
  readonly received: Received[] = [];
  /** Statuses of the next answers; 200 when empty. `hang` never answers. */
  answers: (number | 'hang')[] = [];
  readonly #server = createServer((req, res) => {
    void text(req).then((body) => {
      this.received.push({ headers: req.headers, body, payload: JSON.parse(body) });
      const answer = this.answers.shift() ?? 200;
      if (answer !== 'hang') res.writeHead(answer).end();
    });
  });

  static async open(): Promise<HookReceiver> {
    const receiver = new HookReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
