import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';

/** This machine, its link, and what clouds answer there: nothing that an administrator of a workspace has to reach. */
const OWN = new BlockList();
OWN.addSubnet('0.0.0.0', 8, 'ipv4');
OWN.addSubnet('127.0.0.0', 8, 'ipv4');
OWN.addSubnet('169.254.0.0', 16, 'ipv4');
OWN.addAddress('::', 'ipv6');
OWN.addAddress('::1', 'ipv6');
OWN.addSubnet('fe80::', 10, 'ipv6');
OWN.addAddress('fd00:ec2::254', 'ipv6');

const isOwn = (address: string): boolean => OWN.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** The code of the error of `lookupElsewhere`. */
export const OWN_NETWORK = 'EOWNNETWORK';

/** True for an address, and not a name, of this machine or its link. @param hostname of a URL: IPv6 in brackets */
export function isOwnAddress(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) !== 0 && isOwn(address);
}

type Found = (error: NodeJS.ErrnoException | null, found: string | LookupAddress[], family?: number) => void;

/** `dns.lookup` that knows no name of this machine: whatever it finds is what is connected to, so no second answer helps. */
export function lookupElsewhere(hostname: string, options: LookupOptions, found: Found): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return found(error, []);
    const [first] = addresses;
    if (!first || addresses.some(({ address }) => isOwn(address)))
      return found(Object.assign(new Error('an address of this machine'), { code: OWN_NETWORK }), []);
    if (options.all) return found(null, addresses);
    found(null, first.address, first.family);
  });
}
