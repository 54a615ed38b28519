import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import type { Sight } from '../people/viewer.js';
import { plain } from '../repositories/describe-repository.js';
import type { runsQuery, runsSchema } from './activity-schemas.js';
import { RunsStore, type ListedRun } from './runs.store.js';
import { visibleTo } from './visible-to.js';

type RunsAnswer = z.infer<typeof runsSchema>;

/** What syncs have done of late, of what somebody may see. */
@Injectable()
export class Runs {
  constructor(private readonly store: RunsStore) {}

  /** @throws AntipodeError `denied` for a question about a node by those who do not run the mirror */
  async page(question: z.infer<typeof runsQuery>, sight: Sight): Promise<RunsAnswer> {
    const { cursor, limit, ...filter } = question;
    if (filter.node !== undefined && !sight.all) throw nodesAreHidden();
    const before = cursor === undefined ? undefined : BigInt(cursor);
    const rows = await this.store.list({ ...filter, before, limit: limit + 1, visible: visibleTo(sight) });
    const shown = rows.slice(0, limit);
    return {
      values: shown.map((run) => describe(run, sight)),
      next: rows.length > limit ? (shown.at(-1)?.seq.toString() ?? null) : null,
    };
  }
}

const nodesAreHidden = (): AntipodeError =>
  new AntipodeError('denied', 'listing runs', {}, { hint: 'Only administrators may ask about nodes.' });

/** Nodes, and errors in other words than their code's own, are the administrators' business. */
const describe = (run: ListedRun, sight: Sight): RunsAnswer['values'][number] => ({
  id: run.id,
  repository: { id: run.repositoryId, path: run.path },
  node: sight.all ? run.node : null,
  outcome: run.outcome,
  beganAt: run.beganAt.toISOString(),
  endedAt: run.endedAt.toISOString(),
  epoch: run.epoch,
  receivedBytes: run.receivedBytes,
  error: sight.all ? run.error : plain(run.error),
  changeCount: run.changeCount,
  changes: run.changes.map(({ ref, from, to }) => ({ ref, from, to })),
});
