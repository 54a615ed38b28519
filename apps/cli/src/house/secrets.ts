import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from './journal.js';

/** Made once per data folder, readable by their owner alone, and kept: the services' data depends on them. */
export interface Secrets {
  /** 32 random bytes in hex. */
  readonly secretKey: string;
  readonly adminToken: string;
  readonly postgresPassword: string;
  readonly redisPassword: string;
}

export async function loadSecrets(dataFolder: string): Promise<Secrets> {
  await mkdir(secretsFolder(dataFolder), { recursive: true, mode: 0o700 });
  const [secretKey, adminToken, postgresPassword, redisPassword] = await Promise.all(
    ['secret-key', 'admin-token', 'postgres-password', 'redis-password'].map((name) =>
      loadOrMake(dataFolder, name),
    ),
  );
  // Promise.all keeps the order and the length of its input.
  return { secretKey, adminToken, postgresPassword, redisPassword } as Secrets;
}

/** Keeps a secret that somebody else gave us, for a service that reads it from a file. @returns its path */
export async function keepSecret(dataFolder: string, name: string, value: string): Promise<string> {
  const path = join(secretsFolder(dataFolder), name);
  await mkdir(secretsFolder(dataFolder), { recursive: true, mode: 0o700 });
  await replaceFile(path, value);
  return path;
}

const secretsFolder = (dataFolder: string): string => join(dataFolder, 'secrets');

async function loadOrMake(dataFolder: string, name: string): Promise<string> {
  const path = join(secretsFolder(dataFolder), name);
  try {
    await writeFile(path, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return (await readFile(path, 'utf8')).trim();
}
