import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { askSecret } from '../screen/ask-person.js';
import { stoppedShort } from '../stopped-short.js';

/**
 * A secret from a file, or for `-` from stdin: never from the arguments, which everybody on the machine can read.
 *
 * @param what it is, for the sentence that asks for it: "workspace's token"
 * @throws AntipodeError `unauthenticated`; its sentence repeats nothing of what was read
 */
export async function readSecret(what: string, file: string, input: NodeJS.ReadStream): Promise<string> {
  const isStdin = file === '-';
  const secret = (isStdin ? await readInput(what, input) : await readSecretFile(resolve(file))).trim();
  if (/^[\x21-\x7e]{1,4096}$/.test(secret)) return secret;
  const where = isStdin ? 'Stdin' : `The file ${resolve(file)}`;
  throw stoppedShort(
    'unauthenticated',
    `${where} must hold the ${what} and nothing else: one line, no spaces.`,
  );
}

const readSecretFile = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw stoppedShort(
      'unauthenticated',
      `The file ${path} cannot be read (${error.code ?? error.message}).`,
    );
  });

async function readInput(what: string, input: NodeJS.ReadStream): Promise<string> {
  if (input.isTTY) return askSecret(`The ${what} (it is not shown): `);
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks).toString('utf8');
}
