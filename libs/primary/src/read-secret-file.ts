import { readFile } from 'node:fs/promises';
import { AntipodeError } from '@antipode/errors';

const LONGEST = 4096;

/**
 * One secret from a file that holds nothing else, read anew on each call, so that a rotated one needs no restart.
 *
 * @param setting the name of the setting that names the file, for sentences.
 * @throws AntipodeError `invalid` where the file cannot be read or does not hold one secret.
 */
export async function readSecretFile(setting: string, file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AntipodeError(
      'invalid',
      'reading a secret file',
      { file },
      { cause, hint: `${setting} (${file}) cannot be read.` },
    );
  }
  const secret = text.trim();
  if (secret.length > LONGEST || !/^[\x21-\x7e]+$/.test(secret)) {
    throw new AntipodeError(
      'invalid',
      'reading a secret file',
      { file },
      { hint: `${setting} (${file}) does not hold one token.` },
    );
  }
  return secret;
}
