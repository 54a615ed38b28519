import { access } from 'node:fs/promises';
import { Child } from './child.js';
import { runCommand } from './command.js';
import { eventually } from './eventually.js';

export interface RunningSshAgent extends AsyncDisposable {
  /** Path of its socket, for `overSsh({ agent })`. */
  readonly socket: string;
}

/** An agent of the test's own that holds these keys. @param socket a path that nobody uses yet, shorter than 100 characters */
export async function startSshAgent(socket: string, keyPaths: readonly string[]): Promise<RunningSshAgent> {
  const child = new Child('ssh-agent', ['-D', '-a', socket]);
  await eventually(() => access(socket).then(() => true));
  const env = { PATH: process.env['PATH'], SSH_AUTH_SOCK: socket };
  const { code, output } = await runCommand('ssh-add', ['-q', ...keyPaths], { env });
  if (code !== 0) throw new Error(`ssh-add ended with ${code}: ${output}`);
  return { socket, [Symbol.asyncDispose]: () => child.end() };
}
