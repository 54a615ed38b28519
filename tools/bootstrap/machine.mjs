// What the machine itself must have: a Node, git, a Redis, and for the tests the clients that people use.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runStep, say, StepFailed } from './steps.mjs';

const OLDEST_NODE = [20, 19];

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

/** Programs that no package of ours brings along: any one of `names` will do, `debian` are packages to try in turn. */
export const NEEDS = {
  redis: {
    names: ['redis-server', 'valkey-server'],
    debian: ['redis-server', 'valkey-server'],
    brew: 'redis',
    why: 'Antipode keeps its queues in Redis',
    // Debian starts what it installs. We run our own on our own port, so that one is only in the way.
    unit: 'redis-server',
  },
  ssh: {
    names: ['ssh'],
    debian: ['openssh-client'],
    brew: 'openssh',
    why: 'the tests log in with OpenSSH',
  },
  plink: { names: ['plink'], debian: ['putty-tools'], brew: 'putty', why: 'the tests log in with PuTTY' },
  dropbear: {
    names: ['dbclient'],
    debian: ['dropbear-bin'],
    brew: 'dropbear',
    why: 'the tests log in with Dropbear',
  },
  gitLfs: {
    names: ['git-lfs'],
    debian: ['git-lfs'],
    brew: 'git-lfs',
    why: 'the tests move large files with git-lfs',
  },
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    debian: ['chromium'],
    brew: '--cask chromium',
    why: 'the tests open the pages in a browser',
  },
};

/** Installs what is missing. @throws StepFailed where that cannot be done from here, with how to do it by hand */
export async function ensurePrograms(root, needs) {
  const missing = needs.filter(({ names }) => !names.some(onPath));
  if (missing.length === 0) return;
  if (!onPath('apt-get')) throw new StepFailed(missing.map(byHand).join('\n'));
  for (const { why, debian } of missing)
    say(`Installing ${debian[0]} with apt: ${why}, and there is none on this machine.`);
  const log = join(root, '.antipode/logs/apt.log');
  const apt = aptGet(missing);
  const run = (what, [command, ...args]) =>
    runStep({ what, command, args, cwd: root, log, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  // The lists of a fresh machine are empty or old; a mirror of them that is down still may leave usable ones.
  await run('Updating the package lists', apt('update')).catch(() => undefined);
  for (const need of missing) await install(need, (name) => run(`Installing ${name}`, apt('install', name)));
}

/** The first of the packages that this system has. */
async function install({ debian: [first, ...others], unit }, installOne) {
  await installOne(first).catch((error) => {
    if (others.length === 0) throw error;
    return install({ debian: others }, installOne);
  });
  if (unit) stopSystemService(unit);
}

function byHand({ names, why, brew }) {
  const how =
    process.platform === 'darwin' ? `brew install ${brew}` : 'with the package manager of this system';
  return `There is no ${names[0]} on the PATH, and ${why}. Install it: ${how}.`;
}

function aptGet(missing) {
  const root = rootPrefix(missing);
  return (verb, ...packages) => [
    ...root,
    'apt-get',
    '-q',
    '-y',
    verb,
    ...(packages.length > 0 ? ['--no-install-recommends', ...packages] : []),
  ];
}

/** @returns {string[]} what to put before a command so that root runs it */
function rootPrefix(missing) {
  if (process.getuid?.() === 0) return [];
  if (!onPath('sudo')) {
    const packages = missing.map(({ debian }) => debian[0]).join(' ');
    throw new StepFailed(`Something is missing. Install it as root: apt-get install ${packages}`);
  }
  return process.stdin.isTTY ? ['sudo'] : ['sudo', '-n'];
}

function stopSystemService(unit) {
  if (!existsSync('/run/systemd/system')) return;
  const [command, ...args] = [...rootPrefix([]), 'systemctl', 'disable', '--now', unit];
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
