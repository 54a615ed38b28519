import { BlockList, isIP } from 'node:net';
import type { IncomingMessage } from 'node:http';

/** Reads "10.0.0.1" and "10.0.0.0/8". */
export function proxyList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/**
 * Who is really asking: the last address of X-Forwarded-For that no trusted proxy has.
 * A header from anybody else is a claim, and ignored: it would hide failed attempts to sign in.
 */
export function clientAddress(request: IncomingMessage, trusted: BlockList): string {
  let address = plain(request.socket.remoteAddress ?? '');
  const claims = String(request.headers['x-forwarded-for'] ?? '').split(',');
  while (claims.length > 0 && isTrusted(address, trusted)) {
    const claim = plain((claims.pop() ?? '').trim());
    if (isIP(claim) === 0) break;
    address = claim;
  }
  return address;
}

const isTrusted = (address: string, trusted: BlockList): boolean =>
  isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** An IPv4 client of an IPv6 socket. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');
