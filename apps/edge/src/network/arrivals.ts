import type { Socket } from 'node:net';
import type { Logger } from '@antipode/service-kit';
import { plainAddress } from './address.js';
import type { NetworkList } from './network-list.js';
import { notePeer } from './peer.js';
import { takeProxyHeader } from './take-proxy-header.js';

export interface ArrivalsOptions {
  /** For the log. */
  readonly door: 'http' | 'ssh';
  /** Those that must begin with a PROXY header, and from which alone one is believed. */
  readonly proxies: NetworkList;
  /** Says it in the door's protocol, as far as it can, and ends the connection. */
  readonly turnAway: (socket: Socket, sentence: string, status: 400 | 403) => void;
  readonly logger: Logger;
  readonly headerMs?: number;
}

const HEADER_MS = 5000;
const WARN_EVERY_MS = 60_000;

const NOT_A_PROXY = 'This port is for the proxies in front of this mirror: use its public address.';
const NO_HEADER = 'The proxy in front of this mirror sent no PROXY protocol header.';

/** Connections of a door with PROXY protocol, before anything is read of them: it is found out for whom they are. */
export class Arrivals {
  private readonly waiting = new Set<Socket>();
  private warnedAt = -Infinity;

  constructor(private readonly options: ArrivalsOptions) {}

  /** Whoever has shown no header yet is not waited for. */
  close(): void {
    for (const socket of this.waiting) socket.destroy();
  }

  /** @param serve called with the socket as it is after the header; `peerOf` tells whose it is. */
  async meet(socket: Socket, serve: (socket: Socket) => void): Promise<void> {
    const { proxies, headerMs = HEADER_MS } = this.options;
    // It may vanish at any moment; whoever reads from it learns that by its end.
    const ignore = (): void => undefined;
    socket.on('error', ignore);
    if (!proxies.has(plainAddress(socket.remoteAddress ?? ''))) return this.refuse(socket, NOT_A_PROXY, 403);
    this.waiting.add(socket);
    const taken = await takeProxyHeader(socket, headerMs);
    this.waiting.delete(socket);
    // A check whether the port is open, or nobody.
    if (taken.kind === 'nothing') return void socket.destroy();
    if (taken.kind === 'other') return this.refuse(socket, NO_HEADER, 400);
    notePeer(socket, taken.source);
    serve(socket);
    socket.removeListener('error', ignore);
  }

  private refuse(socket: Socket, sentence: string, status: 400 | 403): void {
    const { door, logger, turnAway } = this.options;
    const now = Date.now();
    if (now - this.warnedAt > WARN_EVERY_MS) {
      this.warnedAt = now;
      const address = plainAddress(socket.remoteAddress ?? '');
      logger.warn({ door, address, because: sentence }, 'refused a connection without a PROXY header');
    }
    turnAway(socket, sentence, status);
  }
}
