import { Redis, type RedisOptions } from 'ioredis';

const RECONNECT_FIRST_MS = 100;
const RECONNECT_LONGEST_MS = 2000;

const shared: RedisOptions = {
  connectTimeout: 5000,
  retryStrategy: (times) => Math.min(RECONNECT_FIRST_MS * times, RECONNECT_LONGEST_MS),
};

type OnError = (error: Error) => void;

/**
 * A connection for whoever asks for work (webhooks, EnsureFresh) or counts something: while Redis is away its
 * commands fail within a second instead of waiting, so that the caller can be told.
 *
 * @param onError told about every failed attempt to connect; it reconnects by itself, for ever.
 */
export function connectProducer(url: string, onError: OnError): Redis {
  return withErrors(
    new Redis(url, { ...shared, enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 1000 }),
    onError,
  );
}

/** A connection for workers: blocking reads that wait for Redis to come back, as long as it takes. */
export function connectWorker(url: string, onError: OnError): Redis {
  return withErrors(new Redis(url, { ...shared, maxRetriesPerRequest: null }), onError);
}

function withErrors(redis: Redis, onError: OnError): Redis {
  // Without a listener ioredis writes to stderr past our log.
  redis.on('error', onError);
  return redis;
}
