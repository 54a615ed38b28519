import type { Provider } from '@nestjs/common';
import { CONFIG, type AuthConfig } from '../config.js';
import { RedisLink } from '../redis/redis-link.js';
import { Names } from '../verdicts/names.js';
import { FailureLimit } from './failure-limit.js';
import { FailuresStore } from './failures.store.js';

/** Injection tokens: questions that teach somebody who guesses; keys that nobody here has; requests for link pages. */
export const FAILURES = Symbol('FAILURES');
export const UNKNOWN_KEYS = Symbol('UNKNOWN_KEYS');
export const LINK_PAGES = Symbol('LINK_PAGES');

const limit = (
  token: symbol,
  kind: 'failures' | 'unknown-keys' | 'link-pages',
  most: (config: AuthConfig) => number,
): Provider => ({
  provide: token,
  inject: [CONFIG, RedisLink, Names],
  useFactory: (config: AuthConfig, link: RedisLink, names: Names) =>
    new FailureLimit(
      most(config),
      new FailuresStore({ kind, windowSeconds: config.FAILURE_WINDOW_SECONDS }, link, names),
    ),
});

/** Three limits per client address, each with its own number in the same window. */
export const limits: Provider[] = [
  limit(FAILURES, 'failures', ({ FAILURE_LIMIT }) => FAILURE_LIMIT),
  limit(UNKNOWN_KEYS, 'unknown-keys', ({ UNKNOWN_KEY_LIMIT }) => UNKNOWN_KEY_LIMIT),
  limit(LINK_PAGES, 'link-pages', ({ LINK_PAGE_LIMIT }) => LINK_PAGE_LIMIT),
];
