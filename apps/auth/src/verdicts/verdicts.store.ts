import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { CONFIG, type AuthConfig } from '../config.js';
import { RedisLink } from '../redis/redis-link.js';
import { nameOf, rememberedVerdict, type RememberedVerdict, type VerdictKey } from './verdict.js';

const PREFIX = 'antipode:auth:';
const MOST_IN_MEMORY = 20_000;
/** Another instance's question takes no longer than this; after that we ask ourselves. */
const CLAIM_MS = 3000;

/**
 * What the primary said, for as long as it stands. In Redis, so that all instances share it; and in this process's
 * memory, which alone is read while Redis is away.
 *
 *   verdict:<principal> <right> <path>   a verdict, until it ends
 *   yes:<principal> <right> <path>       the last yes, for the outage policy (only where it serves)
 *   dead:<principal>                     when the primary last said that it does not know the credential
 *   claim:<principal> <right> <path>     an instance is asking right now
 */
@Injectable()
export class VerdictsStore {
  private readonly memory = new LRUCache<string, string>({ max: MOST_IN_MEMORY, ttl: 1 });
  private readonly outageMs: number;

  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    private readonly link: RedisLink,
  ) {
    this.outageMs = config.OUTAGE_POLICY.kind === 'serve' ? config.OUTAGE_POLICY.seconds * 1000 : 0;
  }

  /** A verdict that still stands. */
  async find(key: VerdictKey): Promise<RememberedVerdict | undefined> {
    const [verdict, dead] = await this.read([`verdict:${nameOf(key)}`, `dead:${key.principal}`]);
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
    const [yes, dead] = await this.read([`yes:${nameOf(key)}`, `dead:${key.principal}`]);
    const found = parse(yes);
    const now = Date.now();
    if (!found || found.askedAt + this.outageMs <= now || diedSince(found, dead)) return undefined;
    const moment = Math.floor(now + this.config.NEGATIVE_VERDICT_SECONDS * 1000);
    return { ...found, validUntil: Math.min(moment, found.askedAt + this.outageMs) };
  }

  async remember(key: VerdictKey, verdict: RememberedVerdict): Promise<void> {
    const text = JSON.stringify(verdict);
    const name = nameOf(key);
    await this.write(`verdict:${name}`, text, verdict.validUntil - Date.now());
    if (verdict.kind === 'allowed') {
      if (this.outageMs > 0)
        await this.write(`yes:${name}`, text, verdict.askedAt + this.outageMs - Date.now());
      return;
    }
    if (this.outageMs > 0) await this.forget(`yes:${name}`);
    // A credential that the primary does not know is known nowhere: what it was allowed elsewhere ends, too.
    if (verdict.kind === 'unauthenticated' && key.principal !== '') {
      await this.end(key.principal, verdict.askedAt);
    }
  }

  /** Whatever this principal was allowed until now ends. @param at milliseconds since 1970 */
  async end(principal: string, at: number): Promise<void> {
    const longest = Math.max(this.config.VERDICT_SECONDS * 1000, this.outageMs);
    await this.write(`dead:${principal}`, String(at), longest);
  }

  /** True where this instance is to ask the primary; false where another one is asking already. */
  async claim(key: VerdictKey): Promise<boolean> {
    const answer = await this.link.attempt((redis) =>
      redis.set(`${PREFIX}claim:${nameOf(key)}`, '1', 'PX', CLAIM_MS, 'NX'),
    );
    return answer !== null;
  }

  async release(key: VerdictKey): Promise<void> {
    await this.link.attempt((redis) => redis.del(`${PREFIX}claim:${nameOf(key)}`));
  }

  private async read(names: readonly string[]): Promise<(string | undefined)[]> {
    const shared = await this.link.attempt((redis) => redis.mget(...names.map((name) => PREFIX + name)));
    return shared ? shared.map((text) => text ?? undefined) : names.map((name) => this.memory.get(name));
  }

  private async write(name: string, text: string, ttlMs: number): Promise<void> {
    const ttl = Math.floor(ttlMs);
    if (ttl <= 0) return;
    this.memory.set(name, text, { ttl });
    await this.link.attempt((redis) => redis.set(PREFIX + name, text, 'PX', ttl));
  }

  private async forget(name: string): Promise<void> {
    this.memory.delete(name);
    await this.link.attempt((redis) => redis.del(PREFIX + name));
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
