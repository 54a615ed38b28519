import { addressBlock } from '@antipode/http-door';

export interface ConnectionLimitsOptions {
  readonly connections: number;
  readonly perAddress: number;
  /** Connections of which nobody knows yet whose they are; absent: nobody asks whose they are. */
  readonly strangers?: number;
}

/** A connection's place. */
export interface Place {
  /** It is known whose connection it is. */
  known(): void;
  leave(): void;
}

/**
 * How many connections there may be: of all, of one address (IPv6: one /64, which is one customer's), and of those who have
 * not come in yet.
 */
export class ConnectionLimits {
  private readonly byAddress = new Map<string, number>();
  private all = 0;
  private strangers = 0;

  constructor(private readonly options: ConnectionLimitsOptions) {}

  get counts(): { readonly connections: number; readonly strangers: number } {
    return { connections: this.all, strangers: this.strangers };
  }

  /** Undefined where there is no room. */
  enter(from: string): Place | undefined {
    const address = addressBlock(from);
    const { connections, perAddress, strangers = Infinity } = this.options;
    const mine = this.byAddress.get(address) ?? 0;
    if (this.all >= connections || mine >= perAddress || this.strangers >= strangers) return undefined;
    this.all += 1;
    this.strangers += 1;
    this.byAddress.set(address, mine + 1);
    let stage: 'stranger' | 'known' | 'gone' = 'stranger';
    return {
      known: () => {
        if (stage !== 'stranger') return;
        stage = 'known';
        this.strangers -= 1;
      },
      leave: () => {
        if (stage === 'gone') return;
        if (stage === 'stranger') this.strangers -= 1;
        stage = 'gone';
        this.all -= 1;
        const others = (this.byAddress.get(address) ?? 1) - 1;
        if (others > 0) this.byAddress.set(address, others);
        else this.byAddress.delete(address);
      },
    };
  }
}

/** Commands that one principal runs at the same time, over all of its connections. */
export class CommandLimits {
  private readonly byPrincipal = new Map<string, number>();

  constructor(private readonly perPrincipal: number) {}

  /** Undefined where there is no room; otherwise gives the place back, once. */
  enter(principal: string): (() => void) | undefined {
    const mine = this.byPrincipal.get(principal) ?? 0;
    if (mine >= this.perPrincipal) return undefined;
    this.byPrincipal.set(principal, mine + 1);
    return () => {
      const others = (this.byPrincipal.get(principal) ?? 1) - 1;
      if (others > 0) this.byPrincipal.set(principal, others);
      else this.byPrincipal.delete(principal);
    };
  }
}
