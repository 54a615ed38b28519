import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { plainAddress } from '../network/address.js';
import type { NetworkList } from '../network/network-list.js';
import { peerOf } from '../network/peer.js';

/**
 * Who is really asking: the last address of X-Forwarded-For that no trusted proxy has.
 * A header from anybody else is a claim, and ignored: it would hide failed attempts to sign in.
 */
export function clientAddress(request: IncomingMessage, trusted: NetworkList): string {
  const peer = peerOf(request.socket);
  const header = request.headers['x-forwarded-for'];
  if (header === undefined || !peer.mayTell) return peer.address;
  let { address } = peer;
  const claims = String(header).split(',');
  while (claims.length > 0 && trusted.has(address)) {
    const claim = plainAddress((claims.pop() ?? '').trim());
    if (isIP(claim) === 0) break;
    address = claim;
  }
  return address;
}
