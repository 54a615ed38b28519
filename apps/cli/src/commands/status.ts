import { resolve } from 'node:path';
import { readRecord } from '../house/journal.js';
import { portsFrom } from '../house/ports.js';
import { isAlive } from '../house/process-identity.js';
import { requireHttpReady } from '../parts/http-ready.js';
import { EXIT } from '../stopped-short.js';

interface PartStatus {
  readonly name: string;
  readonly pid: number;
  /** "ready", or what is missing. */
  readonly state: string;
}

/** Prints how the parts of a house are doing. @returns the exit code: all ready, something not, or nothing running */
export async function status(options: { data: string; json?: true }): Promise<number> {
  const dataFolder = resolve(options.data);
  const record = await readRecord(dataFolder);
  const running = record !== undefined && (await isAlive(record.supervisor));
  const parts = running
    ? await Promise.all(record.processes.map((part) => statusOf(part, record.portBase)))
    : [];
  if (options.json)
    process.stdout.write(`${JSON.stringify({ running, data: dataFolder, parts }, null, 2)}\n`);
  else process.stdout.write(running ? parts.map(lineOf).join('') : `Nothing runs on ${dataFolder}.\n`);
  if (!running) return EXIT.notRunning;
  return parts.every(({ state }) => state === 'ready') ? EXIT.ok : EXIT.failed;
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

const lineOf = ({ name, pid, state }: PartStatus): string =>
  `${name.padEnd(14)} ${String(pid).padStart(7)}  ${state}\n`;
