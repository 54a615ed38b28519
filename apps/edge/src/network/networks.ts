import { NetworkList } from './network-list.js';

export interface NetworkRules {
  /** Empty: everybody. */
  readonly allow: readonly string[];
  /** Wins over `allow`. */
  readonly deny: readonly string[];
}

/** Whom both doors serve, by address alone. Addresses are plain ones (`plainAddress`). */
export class Networks {
  private readonly everything: Rules;
  private readonly publicReads: Rules;

  /** @param rules `publicReads` hold in addition to those of everything. */
  constructor(rules: { readonly everything: NetworkRules; readonly publicReads: NetworkRules }) {
    this.everything = new Rules(rules.everything);
    this.publicReads = new Rules(rules.publicReads);
  }

  /** Whether anything at all is served to this address. */
  serves(address: string): boolean {
    return this.everything.admit(address);
  }

  /** Whether it is served without a credential what anybody may read. */
  servesAnybody(address: string): boolean {
    return this.publicReads.admit(address) && this.everything.admit(address);
  }
}

class Rules {
  private readonly allow: NetworkList;
  private readonly deny: NetworkList;

  constructor({ allow, deny }: NetworkRules) {
    this.allow = new NetworkList(allow);
    this.deny = new NetworkList(deny);
  }

  admit(address: string): boolean {
    return !this.deny.has(address) && (this.allow.isEmpty || this.allow.has(address));
  }
}

/** Says which address was looked at: behind a proxy that is not trusted it is the proxy's. */
export const notServed = (address: string, primary: string): string =>
  `This mirror does not serve your network (${address}). Ask its administrator, or use ${primary} itself.`;
