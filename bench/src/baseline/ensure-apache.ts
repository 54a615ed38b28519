import { access } from 'node:fs/promises';
import { run } from '../processes/run.js';

/** Where Debian's and Ubuntu's package puts them. */
const PROGRAM = '/usr/sbin/apache2';
export const APACHE_MODULES = '/usr/lib/apache2/modules';

/**
 * Apache's program, installed by apt where it is missing. The package brings no service and no configuration, so
 * nothing starts by itself.
 *
 * @returns the path of the program.
 * @throws Error where there is no apt, or no right to use it.
 */
export async function ensureApache(say: (line: string) => void): Promise<string> {
  if (await exists(PROGRAM)) return PROGRAM;
  say('Installing apache2-bin by apt: the bench compares with `git http-backend` behind Apache.');
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = [...sudo, 'apt-get', '-q', '-y', '-o', 'Dpkg::Use-Pty=0'];
  const [command, ...args] = apt as [string, ...string[]];
  await run(command, [...args, 'update']);
  await run(command, [...args, 'install', '--no-install-recommends', 'apache2-bin']);
  return PROGRAM;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
