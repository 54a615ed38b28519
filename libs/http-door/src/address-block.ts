import { BlockList, isIP, SocketAddress } from 'node:net';

const MAPPED = new BlockList();
MAPPED.addSubnet('::ffff:0:0', 96, 'ipv6');

/**
 * Who a client address belongs to: an IPv4 address as it is; of an IPv6 address the first 64 bits, since whoever has one
 * has them all. Everything that is no address shares one block.
 */
export function addressBlock(address: string): string {
  const plain = address.trim().replace(/%.*$/, '');
  switch (isIP(plain)) {
    case 4:
      return plain;
    case 6:
      return ipv6Block(plain);
    default:
      return 'unknown';
  }
}

function ipv6Block(address: string): string {
  // The canonical text (RFC 5952), in which "::" stands for the longest run of zeros.
  const text = new SocketAddress({ address, family: 'ipv6' }).address;
  const groups = expand(text);
  if (MAPPED.check(text, 'ipv6')) {
    const bytes = groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]);
    return bytes.join('.');
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight 16-bit groups of an IPv6 address. */
function expand(text: string): number[] {
  const withoutDots = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a, b, c, d] = bytes.slice(0, 4).map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail] = withoutDots.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => parseInt(group, 16));
  if (tail === undefined) return groups(head);
  const [before, after] = [groups(head), groups(tail)];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}
