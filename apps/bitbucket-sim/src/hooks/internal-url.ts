import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

const internal = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16],
  ['172.16.0.0', 12], ['192.168.0.0', 16], ['224.0.0.0', 3],
] as const) internal.addSubnet(net, bits, 'ipv4'); // prettier-ignore
for (const [net, bits] of [['::', 127], ['fc00::', 7], ['fe80::', 10], ['ff00::', 8]] as const) internal.addSubnet(net, bits, 'ipv6'); // prettier-ignore

/** "`url` must properly resolve and cannot be an internal, non-routed address" (§9). Undefined means fine. */
export async function objectionTo(url: string, allowInternal: boolean): Promise<string | undefined> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) return 'Enter a valid URL.';
  if (allowInternal) return undefined;
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host)
    ? [{ address: host, family: isIP(host) }]
    : await lookup(host, { all: true }).catch(() => []);
  if (addresses.length === 0) return 'The URL must resolve.';
  const isInternal = addresses.some(({ address, family }) =>
    internal.check(address, family === 6 ? 'ipv6' : 'ipv4'),
  );
  return isInternal ? 'The URL must not be an internal address.' : undefined;
}
