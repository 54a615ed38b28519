import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Simulator } from '../simulator.js';
import { answerMedia } from './answer-media.js';
import { MediaLinks, type MediaLink } from './media-links.js';
import { PROOF_HEADER, type MediaOrigin } from './media-request.js';

export interface MediaOffer {
  readonly href: string;
  readonly header: Readonly<Record<string, string>>;
}

/** The other hosts: large files travel by them, and nothing else. They know links, and no credentials. */
export class MediaHost {
  readonly links = new MediaLinks();
  readonly #servers: Record<MediaOrigin, Server>;

  constructor() {
    // A large upload over a slow line takes its time.
    const open = (): Server => createServer({ keepAliveTimeout: 15_000, requestTimeout: 0 });
    this.#servers = { media: open(), elsewhere: open() };
  }

  /** @param port of `media`; the other one is any */
  async listen(port: number, host: string): Promise<void> {
    const { media, elsewhere } = this.#servers;
    media.listen(port, host);
    elsewhere.listen(0, host);
    await Promise.all([once(media, 'listening'), once(elsewhere, 'listening')]);
  }

  /** @param hostname by which the client has reached this machine */
  url(origin: MediaOrigin, hostname: string): string {
    return `http://${hostname}:${(this.#servers[origin].address() as AddressInfo).port}`;
  }

  /** A link, and what has to go with it: of a verification also an Authorization. */
  offer(hostname: string, link: MediaLink): MediaOffer {
    const target = this.links.write(link);
    const proof = this.links.proof(target);
    const more = link.action === 'verify' ? { Authorization: `Bearer ${proof}` } : {};
    return { href: `${this.url('media', hostname)}${target}`, header: { [PROOF_HEADER]: proof, ...more } };
  }

  /** From here on it answers. */
  open(sim: Simulator): void {
    for (const origin of ['media', 'elsewhere'] as const) {
      this.#servers[origin].on('request', (req: IncomingMessage, res: ServerResponse) => {
        answerMedia(sim, { req, res, origin }).catch((error: unknown) => {
          process.stderr.write(`${String(error)}\n`);
          res.destroy();
        });
      });
    }
  }

  /** Takes no more; resolves when the last answer has ended. */
  async close(): Promise<void> {
    const closing = Object.values(this.#servers).map((server) => {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      return closed;
    });
    await Promise.all(closing);
  }

  cut(): void {
    for (const server of Object.values(this.#servers)) server.closeAllConnections();
  }
}
