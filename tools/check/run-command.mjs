// Runs one step of the check with a time limit, so that a hanging test cannot hang CI.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

const KILL_AFTER_MS = 10_000;
const running = new Set();
let stopping = false;

/**
 * @param {{command: string, args: string[], env?: NodeJS.ProcessEnv}} what
 * @param {{seconds: number, shown?: boolean}} how `shown`: its output goes to the terminal as it comes
 * @returns {Promise<{ok: boolean, timedOut: boolean, output: string}>}
 */
export function runCommand(root, { command, args, env }, { seconds, shown = false }) {
  if (stopping)
    return Promise.resolve({ ok: false, timedOut: false, output: 'not run: the check was stopped' });
  const child = spawn(command, args, {
    cwd: root,
    // Its own group: the time limit must reach what it started, too.
    detached: true,
    stdio: ['ignore', shown ? 'inherit' : 'pipe', shown ? 'inherit' : 'pipe'],
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
      NX_DAEMON: 'false',
      ...env,
    },
  });
  running.add(child);
  let output = '';
  let timedOut = false;
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text) => (output += text));
  const timer = setTimeout(() => {
    timedOut = true;
    stop(child);
  }, seconds * 1000);
  return new Promise((done) => {
    const end = (ok) => {
      clearTimeout(timer);
      running.delete(child);
      done({ ok: ok && !timedOut, timedOut, output });
    };
    child.once('error', (error) => {
      output += `${command} could not be started: ${error.message}`;
      end(false);
    });
    // Not "close": a daemon that kept our pipe would hold the check up.
    child.once('exit', (code) => setTimeout(end, 50, code === 0));
  });
}

/** Somebody wants the check to end: what runs is stopped, what did not run yet counts as failed. */
export function stopCommands() {
  stopping = true;
  for (const child of running) stop(child);
}

function stop(child) {
  signal(child, 'SIGTERM');
  setTimeout(() => signal(child, 'SIGKILL'), KILL_AFTER_MS).unref();
}

function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // Gone already.
  }
}
