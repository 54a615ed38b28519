import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { metrics } from '@opentelemetry/api';
import { Redis } from 'ioredis';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type AuthConfig } from '../config.js';

/** Redis saves a question to another continent; waiting for it longer than this would cost more than it saves. */
const COMMAND_TIMEOUT_MS = 250;
const RECONNECT_MOST_MS = 1000;

/**
 * The connection to Redis, which this service uses but does not need: commands fail at once while Redis is away, and
 * whoever asks goes on without.
 */
@Injectable()
export class RedisLink implements OnApplicationShutdown {
  private readonly redis: Redis;
  private isLost = false;

  constructor(
    @Inject(CONFIG) config: AuthConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    health: HealthChecks,
  ) {
    this.redis = new Redis(config.REDIS_URL, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: 2000,
      retryStrategy: (times) => Math.min(times * 100, RECONNECT_MOST_MS),
    });
    this.redis.on('error', (error) => this.lost(error));
    this.redis.on('close', () => this.lost());
    this.redis.on('ready', () => this.back());
    health.observe('redis', async () => void (await this.redis.ping()));
    metrics
      .getMeter('antipode.auth')
      .createObservableGauge('antipode_auth_redis_up', {
        description: '1 while Redis answers; without it verdicts live in memory',
      })
      .addCallback((result) => result.observe(this.redis.status === 'ready' ? 1 : 0));
  }

  /** Runs `work` with Redis; undefined where Redis is away or too slow. */
  async attempt<T>(work: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    if (this.redis.status !== 'ready') return undefined;
    try {
      return await work(this.redis);
    } catch (error) {
      this.logger.debug({ err: error }, 'a Redis command failed');
      return undefined;
    }
  }

  onApplicationShutdown(): void {
    this.redis.removeAllListeners('close');
    this.redis.disconnect();
  }

  private lost(error?: Error): void {
    if (this.isLost) return;
    this.isLost = true;
    this.logger.warn({ err: error }, 'Redis is away; verdicts and limits are kept in memory');
  }

  private back(): void {
    if (this.isLost) this.logger.info('Redis is back');
    this.isLost = false;
  }
}
