import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { stoppedShort } from '../stopped-short.js';
import { identify, isAlive, type ProcessIdentity } from './process-identity.js';

const identitySchema = z.object({ pid: z.number().int().positive(), startedAt: z.string() });
const recordSchema = z.object({
  supervisor: identitySchema,
  portBase: z.number().int(),
  processes: z.array(identitySchema.extend({ name: z.string() })),
});

export type HouseRecord = z.infer<typeof recordSchema>;
export type RecordedProcess = HouseRecord['processes'][number];

const FILE = 'house.json';
const LEFTOVER_GRACE_MS = 4000;

/**
 * The file `<data>/house.json`: which supervisor owns this data folder, and which processes it has started.
 *
 * It is the lock against a second house on the same data, and what a start after a crash cleans up by. A process
 * is only ever signalled where number *and* start time match, so a stranger with a recycled number is safe.
 */
export class Journal {
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string,
    private record: HouseRecord,
  ) {}

  /** Takes the data folder, after ending what a dead supervisor left. @throws `conflict` where a house runs in it */
  static async take(
    dataFolder: string,
    portBase: number,
    onLeftovers: (names: string[]) => void,
  ): Promise<Journal> {
    const path = join(dataFolder, FILE);
    await mkdir(dirname(path), { recursive: true });
    const supervisor = await identify(process.pid);
    if (!supervisor)
      throw stoppedShort('internal', 'Cannot read the start time of this very process; is /proc mounted?');
    const journal = new Journal(path, { supervisor, portBase, processes: [] });
    while (!(await journal.create())) {
      const previous = await readRecord(dataFolder);
      if (previous && (await isAlive(previous.supervisor))) throw alreadyRunning(dataFolder, previous);
      if (previous) await endLeftovers(previous, onLeftovers);
      await rm(path, { force: true });
    }
    return journal;
  }

  /** Notes a change before anybody is told of it. */
  async note(processes: readonly RecordedProcess[]): Promise<void> {
    this.record = { ...this.record, processes: [...processes] };
    const content = JSON.stringify(this.record);
    this.writing = this.writing.then(() => replaceFile(this.path, content));
    await this.writing;
  }

  async release(): Promise<void> {
    await this.writing;
    await rm(this.path, { force: true });
  }

  /** Linked into place with its content, so that nobody ever reads half a record and takes it for a damaged one. */
  private async create(): Promise<boolean> {
    const beside = `${this.path}.${process.pid}.take`;
    await writeFile(beside, JSON.stringify(this.record), { mode: 0o600 });
    try {
      await link(beside, this.path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(beside, { force: true });
    }
  }
}

/** What is noted in a data folder; undefined where nothing runs there, or the file is damaged. */
export async function readRecord(dataFolder: string): Promise<HouseRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(join(dataFolder, FILE), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Ends the processes of a record whose supervisor is gone: first kindly, then by force. */
export async function endLeftovers(
  record: HouseRecord,
  onLeftovers: (names: string[]) => void = () => undefined,
): Promise<void> {
  const alive = await stillAlive(record.processes);
  if (alive.length === 0) return;
  onLeftovers(alive.map(({ name }) => name));
  // PostgreSQL takes SIGTERM as "when all clients have gone"; SIGINT is its quick and clean end.
  for (const { name, pid } of alive) signalGroup(pid, name === 'postgres' ? 'SIGINT' : 'SIGTERM');
  const deadline = Date.now() + LEFTOVER_GRACE_MS;
  while (Date.now() < deadline && (await stillAlive(alive)).length > 0) await wait(50);
  for (const { pid } of await stillAlive(alive)) signalGroup(pid, 'SIGKILL');
}

/** Every part leads a process group of its own, so this reaches what it started too. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone in the meantime.
  }
}

async function stillAlive<P extends ProcessIdentity>(processes: readonly P[]): Promise<P[]> {
  const alive = await Promise.all(processes.map(isAlive));
  return processes.filter((_, index) => alive[index]);
}

const alreadyRunning = (dataFolder: string, record: HouseRecord): Error =>
  stoppedShort(
    'conflict',
    `A house already runs on ${dataFolder} (process ${record.supervisor.pid}, ports from ${record.portBase}). ` +
      'Stop it with `npm run stop`, or start another one with --data DIR and --port-base N.',
  );

/** Writes beside and renames, so that a reader never sees half a file. */
export async function replaceFile(path: string, content: string, mode = 0o600): Promise<void> {
  const beside = `${path}.${process.pid}.new`;
  await writeFile(beside, content, { mode });
  await rename(beside, path);
}
