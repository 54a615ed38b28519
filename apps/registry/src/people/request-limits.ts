import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { AntipodeError } from '@antipode/errors';
import { addressBlock } from '@antipode/http-door';
import { addressOf } from '../audit/initiator.js';
import { CONFIG, type RegistryConfig } from '../config.js';
import type { Viewer } from './viewer.js';

const WINDOW_SECONDS = 60;

/**
 * How much one caller may ask of this instance in a minute: somebody unknown by their address, everybody else by who they
 * are; and how many wrong credentials an address may send.
 */
@Injectable()
export class RequestLimits {
  private readonly anonymous: RateLimiterMemory;
  private readonly known: RateLimiterMemory;
  private readonly failures: RateLimiterMemory;

  constructor(@Inject(CONFIG) private readonly config: RegistryConfig) {
    const limiter = (points: number): RateLimiterMemory =>
      new RateLimiterMemory({ points, duration: WINDOW_SECONDS });
    this.anonymous = limiter(config.REST_ANONYMOUS_LIMIT);
    this.known = limiter(config.REST_VIEWER_LIMIT);
    this.failures = limiter(config.REST_FAILURE_LIMIT);
  }

  /** Counts a request. @throws AntipodeError `too_many_failures` beyond the limit */
  async admit(viewer: Viewer, request: IncomingMessage): Promise<void> {
    try {
      if (viewer.kind === 'anonymous') await this.anonymous.consume(this.bucketOf(networkOf(request)));
      else await this.known.consume(this.bucketOf(viewer.kind === 'token' ? 'token' : viewer.id));
    } catch (limit) {
      throw tooMany(limit, 'Too many requests within a minute.');
    }
  }

  /**
   * Counts nothing. Whoever has used up what somebody unknown may ask is not looked up, either: that costs others more than
   * the answer.
   *
   * @throws AntipodeError `too_many_failures`
   */
  async requireRoom(request: IncomingMessage): Promise<void> {
    const used = await this.anonymous.get(this.bucketOf(networkOf(request)));
    if (used && used.remainingPoints <= 0) throw tooMany(used, 'Too many requests within a minute.');
  }

  /**
   * Runs what finds out whose credential it is; a wrong one counts. Whoever has sent too many is not looked at.
   *
   * @throws AntipodeError `too_many_failures`; and whatever `look` throws
   */
  async guarded<T>(request: IncomingMessage, look: () => Promise<T>): Promise<T> {
    const bucket = this.bucketOf(networkOf(request));
    const before = await this.failures.get(bucket);
    if (before && before.remainingPoints <= 0)
      throw tooMany(before, 'Too many wrong credentials came from your address.');
    try {
      return await look();
    } catch (error) {
      if ((error as Partial<AntipodeError>).code === 'unauthenticated') await this.failures.penalty(bucket);
      throw error;
    }
  }

  /** One of 65,536, so that nobody can make us remember more; nobody else can tell who shares one with whom. */
  private bucketOf(who: string): string {
    const key = Buffer.from(this.config.SECRET_KEY, 'hex');
    return createHmac('sha256', key).update(`limit\0${who}`).digest('hex').slice(0, 4);
  }
}

/** Whose address it is. */
const networkOf = (request: IncomingMessage): string => addressBlock(addressOf(request).address ?? '');

function tooMany(limit: unknown, what: string): AntipodeError {
  if (!(limit instanceof RateLimiterRes)) throw limit;
  const seconds = Math.max(1, Math.ceil(limit.msBeforeNext / 1000));
  const hint = `${what} Try again in ${seconds} s.`;
  return new AntipodeError('too_many_failures', 'limiting requests', { seconds }, { hint });
}
