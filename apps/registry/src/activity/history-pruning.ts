import { Injectable } from '@nestjs/common';
import { OutgoingStore } from '../outgoing/outgoing.store.js';
import { LagStore } from './lag.store.js';
import { RunsStore } from './runs.store.js';
import { TrafficStore } from './traffic.store.js';

const DAY_MS = 86_400_000;
const MOST_RUNS = 200_000;
/** So many rows are deleted at a time, and so often at most in one round: others use the database, too. */
const BATCH = 5000;
const MOST_BATCHES = 20;

/** Forgets what is too old. */
@Injectable()
export class HistoryPruning {
  constructor(
    private readonly lag: LagStore,
    private readonly outgoing: OutgoingStore,
    private readonly runs: RunsStore,
    private readonly traffic: TrafficStore,
  ) {}

  async prune(now = Date.now()): Promise<void> {
    const ago = (days: number): Date => new Date(now - days * DAY_MS);
    await inBatches(() => this.runs.prune(ago(7), MOST_RUNS, BATCH));
    await inBatches(() => this.traffic.foldMinutes(ago(2), BATCH));
    await inBatches(() => this.traffic.prune(ago(30), BATCH));
    await inBatches(() => this.lag.prune(ago(30), BATCH));
    await inBatches(() => this.outgoing.prune(ago(7), BATCH));
  }
}

async function inBatches(work: () => Promise<number>): Promise<void> {
  for (let n = 0; n < MOST_BATCHES; n += 1) if ((await work()) < BATCH) return;
}
