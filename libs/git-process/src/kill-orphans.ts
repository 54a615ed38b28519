import { readdir, readFile } from 'node:fs/promises';

/** Marks processes of ours in their environment, so that a successor can find what a killed predecessor left. */
export const OWNER_VARIABLE = 'ANTIPODE_GIT_OWNER';

/**
 * Kills git processes that an earlier process with the same owner name started and could not end.
 *
 * A killed writer leaves its git running, and that git may still hold locks and move files. Reads /proc; where
 * there is none (macOS), such a git ends by itself when it next writes to its closed pipes.
 */
export async function killOrphans(owner: string): Promise<number> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ((await isOwned(pid, owner)) ? pid : undefined)));
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

async function isOwned(pid: number, owner: string): Promise<boolean> {
  if (pid === process.pid) return false;
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return environment.split('\0').includes(`${OWNER_VARIABLE}=${owner}`);
}
