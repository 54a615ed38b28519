import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { demoFilePath } from '../demo/demo-file.js';
import { readRecord, type HouseRecord } from '../house/journal.js';
import { isAlive } from '../house/process-identity.js';

/** What `demo.json` says and the commands need. */
const demoSchema = z.object({
  mirror: z.object({ url: z.string(), ssh: z.string(), adminToken: z.string() }),
  primary: z.object({ url: z.string(), api: z.string().nullable(), ssh: z.string().nullable() }),
  workspace: z.string().nullable(),
});

/** A house that runs on a data folder of this machine. */
export interface LocalHouse extends z.infer<typeof demoSchema> {
  readonly dataFolder: string;
  readonly record: HouseRecord;
}

/** @returns undefined where none runs, whatever a killed one has left, or one that is still starting */
export async function readLocalHouse(dataFolder: string): Promise<LocalHouse | undefined> {
  const record = await readRecord(dataFolder);
  if (!record || !(await isAlive(record.supervisor))) return undefined;
  const text = await readFile(demoFilePath(dataFolder), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  return { ...demoSchema.parse(JSON.parse(text)), dataFolder, record };
}
