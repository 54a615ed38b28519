import { readRecord } from '../house/journal.js';
import { portsFrom } from '../house/ports.js';
import { isAlive } from '../house/process-identity.js';
import { requireHttpReady } from '../parts/http-ready.js';

export interface PartStatus {
  readonly name: string;
  readonly pid: number;
  /** "ready", or what is missing. */
  readonly state: string;
}

/** How the processes of a house are doing; undefined where none runs. */
export async function readParts(dataFolder: string): Promise<PartStatus[] | undefined> {
  const record = await readRecord(dataFolder);
  if (!record || !(await isAlive(record.supervisor))) return undefined;
  return Promise.all(record.processes.map((part) => statusOf(part, record.portBase)));
}

async function statusOf(
  part: { name: string; pid: number; startedAt: string },
  portBase: number,
): Promise<PartStatus> {
  const { name, pid } = part;
  if (!(await isAlive(part))) return { name, pid, state: 'not running' };
  const url = readinessUrl(name, portBase);
  if (url === undefined) return { name, pid, state: 'ready' };
  return requireHttpReady(url).then(
    () => ({ name, pid, state: 'ready' }),
    (error: Error) => ({ name, pid, state: error.message }),
  );
}

/** The parts that can be asked; PostgreSQL and Redis count as ready while they run. */
function readinessUrl(name: string, portBase: number): string | undefined {
  const ports = portsFrom(portBase);
  const ops: Record<string, number> = {
    auth: ports.authOps,
    registry: ports.registryOps,
    sync: ports.syncOps,
    lfs: ports.lfsOps,
    edge: ports.edgeOps,
  };
  const port = ops[name];
  return port === undefined ? undefined : `http://127.0.0.1:${port}/readyz`;
}
