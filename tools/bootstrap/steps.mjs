// One step of the bootstrap: quiet while it works, one clear sentence with its log where it does not.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** A failure that a person can read: its message is all they need, no stack. */
export class StepFailed extends Error {}

/** Says what is going on: only for work that takes long enough to wonder about. */
export const say = (text) => process.stderr.write(`${text}\n`);

/**
 * Runs a program with its output in a log file.
 *
 * @param {{what: string, command: string, args: string[], cwd: string, log: string, env?: NodeJS.ProcessEnv}} step
 *   `what` completes "… failed", such as "Building".
 * @throws StepFailed with the last lines of the output and the log's path
 */
export async function runStep({ what, command, args, cwd, log, env }) {
  mkdirSync(dirname(log), { recursive: true });
  const out = openSync(log, 'w');
  try {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', out, out] });
    const code = await new Promise((done, failed) => {
      child.once('error', failed);
      child.once('exit', (status, signal) => done(status ?? signal));
    });
    if (code !== 0)
      throw new StepFailed(
        `${tailOf(log)}\n${what} failed (${command} ended with ${code}). The whole output: ${log}`,
      );
  } catch (error) {
    if (error instanceof StepFailed) throw error;
    throw new StepFailed(`${what} failed: ${command} could not be started (${error.message}).`);
  } finally {
    closeSync(out);
  }
}

const tailOf = (log) => readFileSync(log, 'utf8').trimEnd().split('\n').slice(-25).join('\n');
