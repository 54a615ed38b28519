import type { ConnectionCredential } from './primary.js';
import { readSecretFile } from './read-secret-file.js';
import type { PrimaryConfig } from './settings.js';

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
  const token = await readSecretFile('PRIMARY_TOKEN_FILE', file);
  return {
    token,
    ...(config.PRIMARY_TOKEN_EMAIL === undefined ? {} : { email: config.PRIMARY_TOKEN_EMAIL }),
    ...(config.PRIMARY_TOKEN_USERNAME === undefined ? {} : { username: config.PRIMARY_TOKEN_USERNAME }),
  };
}
