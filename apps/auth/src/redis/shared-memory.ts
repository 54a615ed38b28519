import { LRUCache } from 'lru-cache';
import type { RedisLink } from './redis-link.js';

const PREFIX = 'antipode:auth:';
/** At most 32 MiB of plain text, for the time without Redis. */
const MOST_CHARACTERS = 32 * 1024 * 1024;
const MOST_TEXTS = 20_000;

/**
 * Short texts that end by themselves. In Redis, so that all instances share them; and in this process's memory, which
 * alone is read while Redis is away.
 */
export class SharedMemory {
  private readonly memory = new LRUCache<string, string>({
    max: MOST_TEXTS,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: (text, name) => text.length + name.length,
    ttl: 1,
  });

  constructor(private readonly link: RedisLink) {}

  async read(names: readonly string[]): Promise<(string | undefined)[]> {
    const shared = await this.link.attempt((redis) => redis.mget(...names.map((name) => PREFIX + name)));
    return shared ? shared.map((text) => text ?? undefined) : names.map((name) => this.memory.get(name));
  }

  async write(name: string, text: string, ttlMs: number): Promise<void> {
    const ttl = Math.floor(ttlMs);
    if (ttl <= 0) return;
    this.memory.set(name, text, { ttl });
    await this.link.attempt((redis) => redis.set(PREFIX + name, text, 'PX', ttl));
  }

  async forget(name: string): Promise<void> {
    this.memory.delete(name);
    await this.link.attempt((redis) => redis.del(PREFIX + name));
  }

  /** True where nobody has the name yet, or there is no telling; it is then ours until `forget`, or until it ends. */
  async claim(name: string, ttlMs: number): Promise<boolean> {
    const answer = await this.link.attempt((redis) => redis.set(PREFIX + name, '1', 'PX', ttlMs, 'NX'));
    return answer !== null;
  }
}
