// From a fresh checkout to a running house or a test run, with nothing but Node, npm and git on the machine.
// Plain Node on purpose: this file runs before anything is installed, under whatever Node is there.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWorkspace, installWorkspace } from './bootstrap/workspace.mjs';
import { buildSshCiphers } from './bootstrap/ssh-ciphers.mjs';
import { checkMachine, ensurePrograms, NEEDS } from './bootstrap/machine.mjs';
import { StepFailed } from './bootstrap/steps.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const { redis, ssh, plink, dropbear, gitLfs, chromium } = NEEDS;

/** The words after `node tools/bootstrap.mjs`: what each prepares, and what it then runs under our own Node. */
const COMMANDS = {
  start: { needs: [redis], program: 'apps/cli/dist/main.js', args: ['up'] },
  // Whatever was built last can stop a house; nobody wants to wait for a compiler then.
  stop: { needs: [], program: 'apps/cli/dist/main.js', args: ['down'], anyBuild: true },
  cli: { needs: [], program: 'apps/cli/dist/main.js', args: [] },
  test: {
    needs: [redis, ssh, plink, dropbear, gitLfs, chromium],
    program: 'tools/check.mjs',
    args: ['--all'],
  },
  // For images: everything installed and built, nothing run.
  prepare: { needs: [], program: undefined, args: [] },
  check: { needs: [], program: 'tools/check.mjs', args: [] },
  bench: { needs: [redis, ssh, gitLfs], program: 'bench/dist/main.js', args: [] },
};

async function main([name = 'start', ...rest]) {
  const command = COMMANDS[name];
  if (!command)
    throw new StepFailed(`Unknown command "${name}"; there are ${Object.keys(COMMANDS).join(', ')}.`);
  const args = rest[0] === '--' ? rest.slice(1) : rest;
  checkMachine();
  await ensurePrograms(root, args[0] === 'up' ? [redis] : command.needs);
  // `complete` is what a shell asks at every Tab: nobody waits for a compiler there either.
  const anyBuild = command.anyBuild || args[0] === 'complete';
  if (!anyBuild || !existsSync(join(root, command.program))) {
    await installWorkspace(root);
    await buildSshCiphers(root);
    await buildWorkspace(root);
  }
  if (!command.program) return 0;
  return runUnderOurNode(join(root, command.program), [...command.args, ...args]);
}

/**
 * Runs the program with the workspace's Node and gives its exit code back.
 *
 * The IPC channel is how the program learns that we died: it then stops what it started.
 */
function runUnderOurNode(program, args) {
  const ours = join(root, 'node_modules/node/bin/node');
  const child = spawn(existsSync(ours) ? ours : process.execPath, [program, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: withoutNpm(process.env),
  });
  // A terminal's Ctrl-C reaches the child by itself; a `kill` of this process has to be passed on.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', (code, signal) => done(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}

/** npm puts dozens of its own variables into the environment; none of them is meant for our processes. */
function withoutNpm(env) {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !/^npm_/i.test(key)));
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    process.stderr.write(
      `\n${error instanceof StepFailed ? error.message : `The start failed: ${error.message}`}\n`,
    );
    process.exit(1);
  },
);
