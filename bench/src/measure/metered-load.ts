import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadGenerator } from '../load/load-generator.js';
import type { LoadJob, LoadResult } from '../load/load-job.js';
import type { Subject } from '../subject.js';
import { cpuBetween, readCpu, type PartCpu } from './cpu-meter.js';

export interface MeteredLoad extends LoadResult {
  readonly cpu: readonly PartCpu[];
}

/** Log lines and the last child's end come after the last byte, and belong to its price. */
const SETTLE_MS = 200;

/** Runs a load against one server and reads what it cost that server. */
export async function meteredLoad(
  generator: LoadGenerator,
  subject: Subject,
  job: Omit<LoadJob, 'origin'>,
): Promise<MeteredLoad> {
  const before = readCpu(subject.parts);
  const result = await generator.run({ ...job, origin: subject.origin });
  await sleep(SETTLE_MS);
  const cpu = cpuBetween(before, readCpu(subject.parts));
  if (result.exchanges === 0)
    throw new Error(`${subject.name} answered nothing: ${JSON.stringify(result.failures)}`);
  return { ...result, cpu };
}
