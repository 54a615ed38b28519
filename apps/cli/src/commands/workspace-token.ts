import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { askSecret } from '../screen/ask-person.js';
import { stoppedShort } from '../stopped-short.js';

/**
 * The token for a workspace, from a file, or for `-` from stdin: never from the arguments, which everybody on the
 * machine can read.
 *
 * @throws AntipodeError `unauthenticated`; its sentence repeats nothing of what was read
 */
export async function readWorkspaceToken(file: string, input: NodeJS.ReadStream): Promise<string> {
  const isStdin = file === '-';
  const token = (isStdin ? await readInput(input) : await readTokenFile(resolve(file))).trim();
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  const where = isStdin ? 'Stdin' : `The file ${resolve(file)}`;
  throw stoppedShort(
    'unauthenticated',
    `${where} must hold the workspace's token and nothing else: one line, no spaces.`,
  );
}

const readTokenFile = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw stoppedShort(
      'unauthenticated',
      `The token file ${path} cannot be read (${error.code ?? error.message}).`,
    );
  });

async function readInput(input: NodeJS.ReadStream): Promise<string> {
  if (input.isTTY) return askSecret('Token (it is not shown): ');
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks).toString('utf8');
}
