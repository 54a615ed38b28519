import { readdir, readFile } from 'node:fs/promises';

const OWNER_VARIABLE = 'ANTIPODE_GIT_OWNER';

let owner: string | undefined;

/** Marks the environment of every git process that we start, so that a successor can find what a killed one left. */
export const ownerEnv = (): Record<string, string> =>
  owner === undefined ? {} : { [OWNER_VARIABLE]: owner };

/**
 * Claims a name for all git processes of this program, and kills those that an earlier program of the same name
 * started and could not end. Returns how many there were.
 *
 * A killed writer leaves its git running, and that git may still hold locks and move files. Reads /proc; where
 * there is none (macOS), such a git ends by itself when it next writes to its closed pipes.
 */
export async function killOrphans(name: string): Promise<number> {
  owner = name;
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ((await isOwned(pid, name)) ? pid : undefined)));
  const orphans = found.filter((pid) => pid !== undefined);
  for (const pid of orphans) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  return orphans.length;
}

async function isOwned(pid: number, name: string): Promise<boolean> {
  if (pid === process.pid) return false;
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return environment.split('\0').includes(`${OWNER_VARIABLE}=${name}`);
}
