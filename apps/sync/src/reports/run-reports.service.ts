import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { registry } from '@antipode/contracts';
import type { RepositoryId } from '@antipode/domain';
import { callUnary } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type SyncConfig } from '../config.js';
import type { EndedRun } from '../mirrors/mirror.js';
import type { MirrorOutcome } from '../mirrors/mirror-run.js';
import { REGISTRY } from '../primary/connection.service.js';
import { refChanges } from './ref-changes.js';
import { SyncMetrics } from './sync-metrics.js';
import { UntoldRuns } from './untold-runs.js';

/** What happens together is told together. */
const GATHER_MS = 500;
const TROUBLE_MS = 2000;
const TIMEOUT_MS = 5000;
/** While the primary is away every reader's question fails: one of them tells of all. */
const SAME_FAILURE_MS = 60_000;

type Failure = { readonly code: string; readonly atMs: number };

/** Tells the registry of each run that brought something or failed. Nothing waits for it; what it cannot tell it keeps. */
@Injectable()
export class RunReportsService implements OnApplicationShutdown {
  private readonly untold = new UntoldRuns();
  /** The last failure that was told of each repository that fails. */
  private readonly failing = new Map<RepositoryId, Failure>();
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();

  constructor(
    @Inject(REGISTRY) private readonly registryClient: registry.RegistryServiceClient,
    @Inject(CONFIG) private readonly config: SyncConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: SyncMetrics,
  ) {
    const description = 'Ended runs of which the registry will never hear';
    metrics.observe('antipode_sync_run_reports_dropped', description, () => [{ value: this.untold.dropped }]);
  }

  ended(run: EndedRun): void {
    if (!this.isWorthTelling(run)) return;
    const { dropped } = this.untold;
    this.untold.add(asSyncRun(run));
    if (dropped === 0 && this.untold.dropped > 0)
      this.logger.warn('the registry has been away for so long that it will not hear of the oldest runs');
    this.schedule(GATHER_MS);
  }

  /** After everything that ran has ended. What cannot be told now is lost: it only informs. */
  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await this.sending;
    await this.tell();
    clearTimeout(this.timer);
  }

  private isWorthTelling({ id, result }: EndedRun): boolean {
    if (!(result instanceof Error)) {
      this.failing.delete(id);
      return result.kind !== 'unchanged';
    }
    // Ending because we were told to is nobody's failure.
    if (result.code === 'cancelled') return false;
    const last = this.failing.get(id);
    const now = Date.now();
    if (last?.code === result.code && now - last.atMs < SAME_FAILURE_MS) return false;
    this.failing.set(id, { code: result.code, atMs: now });
    return true;
  }

  private schedule(delayMs: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.sending = this.sending.then(() => this.tell());
    }, delayMs).unref();
  }

  private async tell(): Promise<void> {
    while (this.untold.size > 0) {
      const runs = this.untold.next();
      try {
        const request = { node: this.config.ANTIPODE_NODE, runs };
        await callUnary(this.registryClient, 'reportRuns', request, { timeoutMs: TIMEOUT_MS });
      } catch {
        return this.schedule(TROUBLE_MS);
      }
      this.untold.forget(runs);
    }
  }
}

const OUTCOME: Readonly<Record<MirrorOutcome['kind'], registry.RunOutcome>> = {
  unchanged: registry.RunOutcome.RUN_OUTCOME_UNSPECIFIED,
  updated: registry.RunOutcome.RUN_OUTCOME_UPDATED,
  cloned: registry.RunOutcome.RUN_OUTCOME_CLONED,
};

function asSyncRun({ id, tookMs, epoch, result }: EndedRun): registry.SyncRun {
  const endedAtMs = Date.now();
  const about = {
    id: randomUUID(),
    repositoryId: id,
    beganAtMs: Math.round(endedAtMs - tookMs),
    endedAtMs,
  };
  const nothing = { receivedBytes: 0, error: '', errorCode: '', changes: [], changeCount: 0 };
  if (result instanceof Error) {
    const outcome = registry.RunOutcome.RUN_OUTCOME_FAILED;
    const error = result.hint ?? result.message;
    return { ...about, ...nothing, outcome, epoch, error, errorCode: result.code };
  }
  const { kind, receivedBytes, change } = result;
  const { changes, count } = refChanges(change?.from.refs ?? [], change?.to.refs ?? []);
  return {
    ...about,
    ...nothing,
    outcome: OUTCOME[kind],
    epoch: result.epoch,
    receivedBytes,
    changes: changes.map(({ ref, from = '', to = '' }) => ({ ref, fromOid: from, toOid: to })),
    changeCount: count,
  };
}
