import type { Socket } from 'node:net';
import { plainAddress } from './address.js';

/** Who is at the other end of a connection. */
export interface Peer {
  /** A plain one; '' where the connection is gone. */
  readonly address: string;
  /** Whether it may tell for whom it asks (X-Forwarded-For), as far as it is trusted. */
  readonly mayTell: boolean;
}

const told = new WeakMap<Socket, Peer>();

/** A proxy has told, or has not told, for whom this connection is. */
export function notePeer(socket: Socket, source: string | undefined): Peer {
  const peer: Peer =
    source === undefined
      ? // Its client's bytes may hold any header: they are not the proxy's word.
        { address: plainAddress(socket.remoteAddress ?? ''), mayTell: false }
      : { address: plainAddress(source), mayTell: true };
  told.set(socket, peer);
  return peer;
}

export const peerOf = (socket: Socket): Peer =>
  told.get(socket) ?? { address: plainAddress(socket.remoteAddress ?? ''), mayTell: true };
