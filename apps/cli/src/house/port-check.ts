import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { stoppedShort } from '../stopped-short.js';
import type { Part } from './part.js';

/** @throws AntipodeError `conflict`, naming the part, the port and (where it can be learnt) who has it */
export async function requireFreePorts(parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    for (const port of part.ports) {
      if (await isFree(port)) continue;
      const holder = await whoListens(port);
      throw stoppedShort(
        'conflict',
        `Port ${port}, which ${part.name} (${part.title}) needs, is already taken${holder ? ` by ${holder}` : ''}. ` +
          'Stop that, or move all ports with --port-base N.',
        { part: part.name, port },
      );
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  // One after the other: side by side the two probes would meet each other.
  return (await canListen('127.0.0.1', port)) && (await canListen('0.0.0.0', port));
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** "node (process 4711)", as far as /proc tells us; other users' processes stay unknown. */
export async function whoListens(port: number): Promise<string | undefined> {
  const inodes = new Set(
    (await Promise.all([listeningInodes('tcp', port), listeningInodes('tcp6', port)])).flat(),
  );
  if (inodes.size === 0) return undefined;
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if (!(await holdsSocket(pid, inodes))) continue;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program');
    return `${name.trim()} (process ${pid})`;
  }
  return undefined;
}

/** proc_net_tcp: the local address is `hex:PORT`, state 0A is LISTEN, the tenth column is the socket's inode. */
async function listeningInodes(family: 'tcp' | 'tcp6', port: number): Promise<string[]> {
  const table = await readFile(`/proc/net/${family}`, 'utf8').catch(() => '');
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(suffix) && columns[3] === '0A')
    .map((columns) => columns[9] ?? '');
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
    if (target.startsWith('socket:[') && inodes.has(target.slice(8, -1))) return true;
  }
  return false;
}
