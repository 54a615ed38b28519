import { BlockList, isIP } from 'node:net';
import type { z } from 'zod';

/** Each is looked at for each request. */
const MOST = 1000;

/** A setting of addresses and networks, comma separated: "10.0.0.0/8, 2001:db8::/32, 192.0.2.1". */
export function readNetworks(text: string, context: z.core.$RefinementCtx<string>): readonly string[] {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
  const problems = items.flatMap((item, i) => {
    const problem = problemOf(item);
    // Its place, not itself: nobody knows what was put here by mistake.
    return problem === undefined ? [] : [`the ${ordinal(i + 1)} entry is ${problem}`];
  });
  if (items.length > MOST) problems.push(`there are more than ${MOST} entries`);
  if (problems.length > 0) context.addIssue({ code: 'custom', message: problems.slice(0, 5).join(', ') });
  return items;
}

function problemOf(item: string): string | undefined {
  const [address = '', prefix, ...rest] = item.split('/');
  if (address.includes('%')) return 'an address with a zone, which means something on one machine only';
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return 'no address or network such as 10.0.0.0/8 or 2001:db8::/32';
  if (/^[0:]*:f{4}:/i.test(address)) return 'an IPv4 network in IPv6 form: write it as 10.0.0.0/8';
  if (prefix === undefined) return undefined;
  const bits = family === 6 ? 128 : 32;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits)
    return `a network whose prefix is none: 0 to ${bits} is what it can be`;
  return undefined;
}

const ordinal = (n: number): string => {
  const ending = n % 100 >= 11 && n % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${ending}`;
};

/** Some addresses and networks, as `readNetworks` lets them through. */
export class NetworkList {
  // One for each family: in one list "::/0" would hold IPv4 as well.
  private readonly lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  readonly isEmpty: boolean;

  constructor(networks: readonly string[]) {
    this.isEmpty = networks.length === 0;
    for (const network of networks) {
      const [address = '', prefix] = network.split('/');
      const family = familyOf(address);
      if (prefix === undefined) this.lists[family].addAddress(address, family);
      else this.lists[family].addSubnet(address, Number(prefix), family);
    }
  }

  /** @param address a plain one (`plainAddress`); what is none belongs to no list. */
  has(address: string): boolean {
    if (this.isEmpty || isIP(address) === 0) return false;
    const family = familyOf(address);
    return this.lists[family].check(address, family);
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
