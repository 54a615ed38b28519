import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { endLeftovers, readRecord } from '../house/journal.js';
import { isAlive } from '../house/process-identity.js';
import type { Answer } from '../screen/answer.js';

const STOP_SECONDS = 45;

/** Ends the house of a data folder, and whatever a killed one left behind. */
export async function down(options: { data: string }): Promise<Answer> {
  const dataFolder = resolve(options.data);
  const record = await readRecord(dataFolder);
  if (!record)
    return { json: { data: dataFolder, stopped: false }, text: () => `Nothing runs on ${dataFolder}.\n` };
  const { supervisor } = record;
  if (await isAlive(supervisor)) process.kill(supervisor.pid, 'SIGTERM');
  const deadline = Date.now() + STOP_SECONDS * 1000;
  while ((await isAlive(supervisor)) && Date.now() < deadline) await wait(50);
  if (await isAlive(supervisor)) process.kill(supervisor.pid, 'SIGKILL');
  await endLeftovers((await readRecord(dataFolder)) ?? record);
  return { json: { data: dataFolder, stopped: true }, text: () => 'Stopped.\n' };
}
