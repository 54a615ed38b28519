import { LRUCache } from 'lru-cache';
import type { RedisLink } from '../redis/redis-link.js';
import type { Names } from '../verdicts/names.js';

const MOST_IN_MEMORY = 20_000;

// The window begins with its first failure. One script, so that no counter is left behind without an end.
const COUNT = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count`;

export interface Failures {
  readonly count: number;
  /** Milliseconds until they are forgotten. */
  readonly forgottenInMs: number;
}

/** Failures by client address: shared by all instances, and in memory for the time without Redis. */
export class FailuresStore {
  private readonly memory = new LRUCache<string, number>({ max: MOST_IN_MEMORY, ttl: 1 });
  private readonly prefix: string;
  private readonly windowMs: number;

  constructor(
    options: { readonly kind: 'failures' | 'unknown-keys' | 'link-pages'; readonly windowSeconds: number },
    private readonly link: RedisLink,
    private readonly names: Names,
  ) {
    this.prefix = `antipode:auth:${options.kind}:`;
    this.windowMs = Math.ceil(options.windowSeconds * 1000);
  }

  async of(block: string): Promise<Failures> {
    const name = this.names.address(block);
    const shared = await this.link.attempt((redis) =>
      redis
        .multi()
        .get(this.prefix + name)
        .pttl(this.prefix + name)
        .exec(),
    );
    if (!shared)
      return { count: this.memory.get(name) ?? 0, forgottenInMs: this.memory.getRemainingTTL(name) };
    const [count, ttl] = shared.map(([, value]) => Number(value ?? 0));
    return { count: count ?? 0, forgottenInMs: Math.max(0, ttl ?? 0) };
  }

  async count(block: string): Promise<void> {
    const name = this.names.address(block);
    const remaining = this.memory.getRemainingTTL(name);
    this.memory.set(name, (this.memory.get(name) ?? 0) + 1, {
      ttl: remaining > 0 ? remaining : this.windowMs,
    });
    await this.link.attempt((redis) => redis.eval(COUNT, 1, this.prefix + name, this.windowMs));
  }
}
