import type { ChildProcess } from 'node:child_process';

/** Ends a detached child with everything that it has started: upload-pack starts pack-objects. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended in this very moment.
  }
}
