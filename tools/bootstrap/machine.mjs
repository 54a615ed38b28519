// What the machine itself must have: a Node, git, and a Redis (the only part that no package brings along).
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runStep, say, StepFailed } from './steps.mjs';

const OLDEST_NODE = [20, 19];
const REDIS_BINARIES = ['redis-server', 'valkey-server'];

/** @throws StepFailed naming what is missing and how to get it */
export function checkMachine() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    throw new StepFailed(
      `Antipode needs Node ${OLDEST_NODE.join('.')} or newer to start itself; this is ${process.versions.node}.`,
    );
  }
  if (!onPath('git'))
    throw new StepFailed(
      'Antipode needs git, and there is none on the PATH. Install it (Debian: apt-get install git).',
    );
}

/** Installs a Redis server where there is none. @throws StepFailed where that cannot be done from here */
export async function ensureRedis(root) {
  if (REDIS_BINARIES.some(onPath)) return;
  if (!onPath('apt-get')) {
    const how =
      process.platform === 'darwin' ? 'brew install redis' : 'with the package manager of this system';
    throw new StepFailed(
      `Antipode keeps its queues in Redis, and there is no redis-server on the PATH. Install it: ${how}.`,
    );
  }
  const sudo = rootPrefix();
  say(
    'Installing redis-server with apt: Antipode keeps its queues in Redis, and there is none on this machine.',
  );
  const log = join(root, '.antipode/logs/apt.log');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (args) => [...sudo, 'apt-get', '-q', '-y', ...args];
  // The lists of a fresh machine are empty or old; a mirror of them that is down still may leave usable ones.
  await run('Updating the package lists', apt(['update'])).catch(() => undefined);
  await run('Installing redis-server', apt(['install', '--no-install-recommends', 'redis-server'])).catch(
    () =>
      run(
        'Installing a Redis server (redis-server or valkey-server)',
        apt(['install', '--no-install-recommends', 'valkey-server']),
      ),
  );
  stopSystemService(sudo);

  function run(what, [command, ...args]) {
    return runStep({ what, command, args, cwd: root, log, env });
  }
}

/** @returns {string[]} what to put before a command so that root runs it */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  if (!onPath('sudo')) {
    throw new StepFailed('Antipode needs redis-server. Install it as root: apt-get install redis-server');
  }
  return process.stdin.isTTY ? ['sudo'] : ['sudo', '-n'];
}

/** Debian starts what it installs. We run our own on our own port, so the one that came along is only in the way. */
function stopSystemService(sudo) {
  if (!existsSync('/run/systemd/system')) return;
  const [command, ...args] = [...sudo, 'systemctl', 'disable', '--now', 'redis-server'];
  try {
    execFileSync(command, args, { stdio: 'ignore' });
  } catch {
    // Harmless: it listens on its own port and holds nothing of ours.
  }
}

/** Whether a program of this name can be run. */
export function onPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}
