import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Whether somebody sits there who could answer. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** A question that only "y" or "yes" answers with yes. On stderr: our output may go elsewhere. */
export async function askYes(question: string): Promise<boolean> {
  const answer = await askLine(`${question} [y/N] `, process.stderr);
  return /^y(es)?$/i.test(answer.trim());
}

/** A line that is not shown while it is typed. */
export function askSecret(prompt: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  // The prompt comes second: by then the terminal has stopped to show what is typed.
  const line = askLine('', silent);
  process.stderr.write(prompt);
  return line.finally(() => process.stderr.write('\n'));
}

/** Empty where the person leaves by Ctrl-C or Ctrl-D. */
function askLine(prompt: string, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  return new Promise((answered) => {
    // Without a listener of its own, Ctrl-C closes it as well.
    lines.once('close', () => answered(''));
    lines.question(prompt, (answer) => {
      answered(answer);
      lines.close();
    });
  });
}
