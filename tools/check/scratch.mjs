// Where a check keeps its things: in memory where there is plenty. Databases, queues and mirrors flush to the disk at
// every turn, which takes seconds on a disk that others use, and proves nothing in a test.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

const IN_MEMORY = '/dev/shm';
const GIBI = 1024 ** 3;
/** The end-to-end tests' houses come to about two. */
const ROOM = 8 * GIBI;
/** Beside what the tests' processes need for themselves. */
const FREE_MEMORY = 14 * GIBI;
const PREFIX = 'antipode-check-';

/** @returns {string} a new folder, to be removed by `removeScratch` */
export function makeScratch() {
  const parent = hasRoom() ? IN_MEMORY : tmpdir();
  sweep(parent);
  const scratch = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
  // PostgreSQL runs as another user, and has to pass through.
  chmodSync(scratch, 0o711);
  mkdirSync(join(scratch, 'tmp'), { mode: 0o1777 });
  chmodSync(join(scratch, 'tmp'), 0o1777);
  return scratch;
}

export const removeScratch = (scratch) => rmSync(scratch, { recursive: true, force: true });

function hasRoom() {
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .find((line) => line.split(' ')[1] === IN_MEMORY);
    const isMemory = mount?.startsWith('tmpfs ') && !mount.includes('noexec');
    return Boolean(isMemory) && bavail * bsize >= ROOM && freemem() >= FREE_MEMORY;
  } catch {
    // Another system than Linux.
    return false;
  }
}

/** What checks that were killed have left, which in memory nobody would ever clear away. */
function sweep(parent) {
  for (const name of readdirSync(parent).filter((one) => one.startsWith(PREFIX))) {
    const pid = Number(name.slice(PREFIX.length).split('-')[0]);
    if (pid > 0 && !isRunning(pid)) removeScratch(join(parent, name));
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
