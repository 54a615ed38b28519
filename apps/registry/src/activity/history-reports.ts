import { Injectable } from '@nestjs/common';
import type { registry } from '@antipode/contracts';
import { OutgoingEvents } from '../outgoing/outgoing-events.js';
import { requireNodeName } from '../sync-states/node-name.js';
import { readRuns } from './read-run.js';
import { readTraffic } from './read-traffic.js';
import { RunsStore } from './runs.store.js';
import { TrafficStore } from './traffic.store.js';

/** Takes what nodes tell of their past. Written before it is answered: who hears no answer tells it again. */
@Injectable()
export class HistoryReports {
  constructor(
    private readonly outgoing: OutgoingEvents,
    private readonly runs: RunsStore,
    private readonly traffic: TrafficStore,
  ) {}

  /** A run and what is told outside of it are written together, so that a run that is told twice is passed on once. */
  async takeRuns({ node, runs: told }: registry.ReportRunsRequest): Promise<void> {
    requireNodeName(node);
    const runs = readRuns(node, told);
    if (runs.length === 0) return;
    const written = await this.runs.change(async (transaction) => {
      const added = await this.runs.add(transaction, runs);
      const firstFailures = await this.runs.firstFailures(transaction, [...added]);
      const fresh = runs.filter(({ id }) => added.has(id));
      return this.outgoing.write(transaction, fresh, firstFailures);
    });
    if (written > 0) this.outgoing.sendSoon();
  }

  async takeTraffic(request: registry.ReportTrafficRequest): Promise<void> {
    requireNodeName(request.node);
    const rows = readTraffic(request);
    if (rows.length > 0) await this.traffic.write(rows);
  }
}
