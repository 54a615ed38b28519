import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { inheritedEnvironment } from '../config.js';
import { replaceFile } from '../house/journal.js';
import type { Part } from '../house/part.js';
import { stoppedShort } from '../stopped-short.js';
import { findProgram } from './find-program.js';

export interface RedisOptions {
  readonly dataFolder: string;
  readonly port: number;
  readonly password: string;
}

export const redisUrl = ({ port, password }: RedisOptions): string =>
  `redis://:${password}@127.0.0.1:${port}/0`;

/** A Redis of our own for queues and verdicts: own port, own folder, kept across restarts. */
export function redisPart(options: RedisOptions): Part {
  const folder = join(options.dataFolder, 'redis');
  return {
    name: 'redis',
    title: 'queues and cached verdicts',
    ports: [options.port],
    stopSignal: 'SIGTERM',
    prepare: async () => {
      const file = await findProgram(['redis-server', 'valkey-server']);
      if (!file) {
        throw stoppedShort(
          'unsupported',
          'There is no redis-server (or valkey-server) on the PATH. `npm start` installs it; or: apt-get install redis-server',
        );
      }
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const config = join(folder, 'redis.conf');
      // In a file, not in arguments: `ps` would show the password.
      await replaceFile(config, configuration(options, folder));
      return { file, args: [config], env: inheritedEnvironment(), cwd: folder, watchesStdin: false };
    },
    checkReady: () => pingRedis(redisUrl(options)),
  };
}

const configuration = ({ port, password }: RedisOptions, folder: string): string =>
  [
    `port ${port}`,
    'bind 127.0.0.1',
    'protected-mode yes',
    `requirepass ${password}`,
    `dir "${folder.replaceAll('"', '\\"')}"`,
    // Queued jobs must survive a kill; the append-only file loses at most a second.
    'appendonly yes',
    'save ""',
    // BullMQ's keys are not a cache: dropping one loses a job.
    'maxmemory-policy noeviction',
    'daemonize no',
    '',
  ].join('\n');

const PATIENCE_MS = 4000;

/** @throws Error where no Redis answers there, or it does not take the password */
export async function pingRedis(url: string, patienceMs = PATIENCE_MS): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    connectTimeout: 2000,
  });
  // Without a listener ioredis prints what `connect` already rejects with.
  client.on('error', () => undefined);
  // One that takes connections and says nothing (stopped, or something else) has no time limit of ioredis' own.
  const timer = setTimeout(() => client.disconnect(), patienceMs);
  try {
    await client.connect();
    await client.ping();
  } finally {
    clearTimeout(timer);
    client.disconnect();
  }
}
