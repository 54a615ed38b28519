import { access } from 'node:fs/promises';
import { run } from '../processes/run.js';

const PROGRAM = '/usr/sbin/sshd';

/**
 * OpenSSH's server, installed by apt where it is missing. Debian's package starts it on port 22; that one is stopped,
 * since nobody asked for it.
 *
 * @returns the path of the program.
 * @throws Error where there is no apt, or no right to use it.
 */
export async function ensureSshd(say: (line: string) => void): Promise<string> {
  if (await exists(PROGRAM)) return PROGRAM;
  say('Installing openssh-server by apt: the bench compares with OpenSSH and git-shell.');
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const as = (command: string, ...args: string[]): Promise<string> => {
    const [file, ...rest] = [...sudo, command, ...args] as [string, ...string[]];
    return run(file, rest, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  };
  await as('apt-get', '-q', '-y', 'update');
  await as('apt-get', '-q', '-y', 'install', '--no-install-recommends', 'openssh-server');
  if (await exists('/run/systemd/system'))
    await as('systemctl', 'disable', '--now', 'ssh').catch(() => undefined);
  return PROGRAM;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
