import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/**
 * What a proxy says about a connection before its first byte.
 * Spec: haproxy.org/download/3.0/doc/proxy-protocol.txt, versions 1 and 2.
 */
export type ProxyHeader =
  /** So far it is the beginning of one. */
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'invalid' }
  /** `source` is absent where the proxy speaks for itself (LOCAL: a health check), or does not say for whom. */
  | { readonly kind: 'header'; readonly length: number; readonly source?: string };

const V1 = Buffer.from('PROXY ');
const V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** "A 108-byte buffer is always enough", its end included. */
const LONGEST_V1 = 107;
/** What fits the smallest packet that everybody must take; addresses of Unix sockets and a few TLVs do. */
const LONGEST_V2 = 536;
const FIXED_V2 = 16;

const UNFINISHED: ProxyHeader = { kind: 'unfinished' };
const INVALID: ProxyHeader = { kind: 'invalid' };

/** @param bytes from the connection's first one on. Never throws. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsAlike(bytes, V2)) return bytes.length < V2.length ? UNFINISHED : readV2(bytes);
  if (beginsAlike(bytes, V1)) return readV1(bytes);
  return INVALID;
}

const beginsAlike = (bytes: Buffer, signature: Buffer): boolean => {
  const length = Math.min(bytes.length, signature.length);
  return bytes.subarray(0, length).equals(signature.subarray(0, length));
};

/** One line: "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443". */
function readV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, LONGEST_V1).indexOf('\r\n');
  if (end < 0) return bytes.length < LONGEST_V1 ? UNFINISHED : INVALID;
  const line = bytes.toString('latin1', 0, end);
  const length = end + 2;
  // Whatever follows is to be ignored.
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { kind: 'header', length };
  const found = /^PROXY TCP([46]) ([\da-fA-F.:]+) ([\da-fA-F.:]+) (\d{1,5}) (\d{1,5})$/.exec(line);
  const [, family, source = '', destination = '', ...ports] = found ?? [];
  const isAddress = family === '4' ? isIPv4 : isIPv6;
  if (!found || !isAddress(source) || !isAddress(destination) || !ports.every(isPort)) return INVALID;
  return { kind: 'header', length, source };
}

const isPort = (text: string): boolean => String(Number(text)) === text && Number(text) <= 65_535;

/** Section 2.2: signature, version and command, family and transport, length, addresses, TLVs. */
function readV2(bytes: Buffer): ProxyHeader {
  if (bytes.length < FIXED_V2) return UNFINISHED;
  const [version, command] = nibbles(bytes.readUInt8(12));
  const [family, transport] = nibbles(bytes.readUInt8(13));
  const length = FIXED_V2 + bytes.readUInt16BE(14);
  if (version !== 2 || command > 1 || length > LONGEST_V2) return INVALID;
  if (bytes.length < length) return UNFINISHED;
  // A proxy that speaks for itself: its family is to be ignored.
  if (command === 0) return { kind: 'header', length };
  if (family > 3 || transport > 2) return INVALID;
  const addresses = bytes.subarray(FIXED_V2, length);
  return transport === 1 ? readV2Stream(family, addresses, length) : { kind: 'header', length };
}

const nibbles = (byte: number): [number, number] => [byte >> 4, byte & 15];

function readV2Stream(family: number, addresses: Buffer, length: number): ProxyHeader {
  if (family === 1) {
    // Two addresses, two ports; whatever follows are TLVs, of which none is of use here.
    if (addresses.length < 12) return INVALID;
    return { kind: 'header', length, source: addresses.subarray(0, 4).join('.') };
  }
  if (family === 2) {
    if (addresses.length < 36) return INVALID;
    return { kind: 'header', length, source: writeIPv6(addresses.subarray(0, 16)) };
  }
  return { kind: 'header', length };
}

function writeIPv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
