import { isIP, SocketAddress } from 'node:net';

/**
 * An address as it is compared, counted and logged: an IPv4 client of an IPv6 socket is an IPv4 client, however its
 * address is written ("::ffff:192.0.2.1", "::ffff:c000:201"), and the interface of a link-local one ("%eth0") is ours.
 */
export function plainAddress(written: string): string {
  const zone = written.indexOf('%');
  const address = zone < 0 ? written : written.slice(0, zone);
  // The common ones, of which nothing has to be parsed.
  if (!/^[0:]*:f{4}:/i.test(address)) return address;
  if (isIP(address) !== 6) return address;
  const dotted = /^::ffff:([\d.]+)$/i.exec(new SocketAddress({ address, family: 'ipv6' }).address);
  return dotted?.[1] ?? address;
}
