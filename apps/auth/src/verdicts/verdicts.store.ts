import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type AuthConfig } from '../config.js';
import { RedisLink } from '../redis/redis-link.js';
import { SharedMemory } from '../redis/shared-memory.js';
import { nameOf, rememberedVerdict, type RememberedVerdict, type VerdictKey } from './verdict.js';

/** Another instance's question takes no longer than this; after that we ask ourselves. */
const CLAIM_MS = 3000;

/**
 * What the primary said, for as long as it stands.
 *
 *   verdict:<principal> <right> <path>   a verdict, until it ends
 *   yes:<principal> <right> <path>       the last yes, for the outage policy (only where it serves)
 *   dead:<principal>                     when the primary last said that it does not know the credential
 *   claim:<principal> <right> <path>     an instance is asking right now
 */
@Injectable()
export class VerdictsStore {
  private readonly shared: SharedMemory;
  private readonly outageMs: number;

  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    link: RedisLink,
  ) {
    this.shared = new SharedMemory(link);
    this.outageMs = config.OUTAGE_POLICY.kind === 'serve' ? config.OUTAGE_POLICY.seconds * 1000 : 0;
  }

  /** A verdict that still stands. */
  async find(key: VerdictKey): Promise<RememberedVerdict | undefined> {
    const [verdict, dead] = await this.shared.read([`verdict:${nameOf(key)}`, `dead:${key.principal}`]);
    const found = parse(verdict);
    if (!found || found.validUntil <= Date.now()) return undefined;
    return diedSince(found, dead) ? undefined : found;
  }

  /**
   * The last yes, where the outage policy lets it stand; for a moment only, as long as a no would, so that the
   * primary's return is noticed soon.
   */
  async findStanding(key: VerdictKey): Promise<RememberedVerdict | undefined> {
    if (this.outageMs === 0) return undefined;
    const [yes, dead] = await this.shared.read([`yes:${nameOf(key)}`, `dead:${key.principal}`]);
    const found = parse(yes);
    const now = Date.now();
    if (!found || found.askedAt + this.outageMs <= now || diedSince(found, dead)) return undefined;
    const moment = Math.floor(now + this.config.NEGATIVE_VERDICT_SECONDS * 1000);
    return { ...found, validUntil: Math.min(moment, found.askedAt + this.outageMs) };
  }

  async remember(key: VerdictKey, verdict: RememberedVerdict): Promise<void> {
    const text = JSON.stringify(verdict);
    const name = nameOf(key);
    await this.shared.write(`verdict:${name}`, text, verdict.validUntil - Date.now());
    if (verdict.kind === 'allowed') {
      if (this.outageMs > 0)
        await this.shared.write(`yes:${name}`, text, verdict.askedAt + this.outageMs - Date.now());
      return;
    }
    if (this.outageMs > 0) await this.shared.forget(`yes:${name}`);
    // A credential that the primary does not know is known nowhere: what it was allowed elsewhere ends, too.
    if (verdict.kind === 'unauthenticated' && key.principal !== '') {
      await this.end(key.principal, verdict.askedAt);
    }
  }

  /** Whatever this principal was allowed until now ends. @param at milliseconds since 1970 */
  async end(principal: string, at: number): Promise<void> {
    const longest = Math.max(this.config.VERDICT_SECONDS * 1000, this.outageMs);
    await this.shared.write(`dead:${principal}`, String(at), longest);
  }

  /** When this principal was last heard to be known no more: whatever it was told before has ended. */
  async diedAt(principal: string): Promise<number | undefined> {
    const [dead] = await this.shared.read([`dead:${principal}`]);
    return dead === undefined ? undefined : Number(dead);
  }

  /** True where this instance is to ask the primary; false where another one is asking already. */
  claim(key: VerdictKey): Promise<boolean> {
    return this.shared.claim(`claim:${nameOf(key)}`, CLAIM_MS);
  }

  async release(key: VerdictKey): Promise<void> {
    await this.shared.forget(`claim:${nameOf(key)}`);
  }
}

/** A yes from before the credential died; a no stays a no. */
const diedSince = (verdict: RememberedVerdict, dead: string | undefined): boolean =>
  verdict.kind === 'allowed' && dead !== undefined && verdict.askedAt <= Number(dead);

/** What an older or newer version of this service wrote, and we cannot read, was not written. */
function parse(text: string | undefined): RememberedVerdict | undefined {
  if (text === undefined) return undefined;
  try {
    return rememberedVerdict.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
