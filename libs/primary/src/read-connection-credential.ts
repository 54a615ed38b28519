import { readFile } from 'node:fs/promises';
import { AntipodeError } from '@antipode/errors';
import type { ConnectionCredential } from './primary.js';
import type { PrimaryConfig } from './settings.js';

const LONGEST_TOKEN = 4096;

/**
 * The credential of this mirror's connection, read anew on each call, so that a rotated token needs no restart;
 * undefined where none is configured.
 *
 * @throws AntipodeError `invalid` where the file cannot be read or does not hold one token.
 */
export async function readConnectionCredential(
  config: Pick<PrimaryConfig, 'PRIMARY_TOKEN_FILE' | 'PRIMARY_TOKEN_EMAIL' | 'PRIMARY_TOKEN_USERNAME'>,
): Promise<ConnectionCredential | undefined> {
  const file = config.PRIMARY_TOKEN_FILE;
  if (file === undefined) return undefined;
  const token = await readToken(file);
  return {
    token,
    ...(config.PRIMARY_TOKEN_EMAIL === undefined ? {} : { email: config.PRIMARY_TOKEN_EMAIL }),
    ...(config.PRIMARY_TOKEN_USERNAME === undefined ? {} : { username: config.PRIMARY_TOKEN_USERNAME }),
  };
}

async function readToken(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AntipodeError(
      'invalid',
      'reading the token file',
      { file },
      { cause, hint: `PRIMARY_TOKEN_FILE (${file}) cannot be read.` },
    );
  }
  const token = text.trim();
  if (token.length > LONGEST_TOKEN || !/^[\x21-\x7e]+$/.test(token)) {
    throw new AntipodeError(
      'invalid',
      'reading the token file',
      { file },
      { hint: `PRIMARY_TOKEN_FILE (${file}) does not hold one token.` },
    );
  }
  return token;
}
