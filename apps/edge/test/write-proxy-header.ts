import { isIPv6 } from 'node:net';

export interface WrittenV2 {
  readonly source?: string;
  readonly destination?: string;
  readonly version?: number;
  readonly command?: number;
  /** Family and transport: 0x11 is TCP over IPv4. */
  readonly family?: number;
  /** Instead of those of source and destination. */
  readonly addresses?: Buffer;
  readonly tlvs?: Buffer;
}

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const PORTS = Buffer.from([0xdc, 0x04, 0x01, 0xbb]);

/** What a proxy writes: haproxy's `send-proxy`. */
export function writeV1(source: string, destination?: string): Buffer {
  const [family, here] = isIPv6(source) ? ['TCP6', '2001:db8::2'] : ['TCP4', '198.51.100.1'];
  return Buffer.from(`PROXY ${family} ${source} ${destination ?? here} 56324 443\r\n`);
}

/** haproxy's `send-proxy-v2`, and what no proxy should write. */
export function writeV2({
  source = '',
  destination = '',
  tlvs = Buffer.alloc(0),
  ...more
}: WrittenV2): Buffer {
  const addresses = more.addresses ?? Buffer.concat([addressBytes(source), addressBytes(destination), PORTS]);
  const { version = 2, command = 1, family = isIPv6(source) ? 0x21 : 0x11 } = more;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(addresses.length + tlvs.length);
  return Buffer.concat([SIGNATURE, Buffer.from([(version << 4) | command, family]), length, addresses, tlvs]);
}

function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const left = head.split(':').filter(Boolean);
  const right = (tail ?? '').split(':').filter(Boolean);
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
  const bytes = Buffer.alloc(16);
  groups.forEach((group, i) => bytes.writeUInt16BE(Number.parseInt(group, 16), i * 2));
  return bytes;
}
