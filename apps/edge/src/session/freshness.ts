import type { FreshnessPolicy, RepositoryId } from '@antipode/domain';
import type { sync } from '@antipode/contracts';
import { callUnary } from '@antipode/rpc';

export interface FreshnessOptions {
  readonly client: sync.SyncServiceClient;
  /** Of repositories that have none of their own. */
  readonly policy: FreshnessPolicy;
  readonly waitMs: number;
  readonly eventMaxAgeMs: number;
}

interface Asked {
  readonly notBeforeMs: number;
  readonly answer: Promise<void>;
}

/** Fresh enough? Decided from the snapshot's confirmation; sync is asked only where that is too old. */
export class Freshness {
  private readonly asked = new Map<RepositoryId, Asked>();

  constructor(private readonly options: FreshnessOptions) {}

  /** The moment for which an epoch must be confirmed in order to be served to a session that begins at `nowMs`. */
  requiredSince(policy: FreshnessPolicy | undefined, nowMs: number): number {
    const effective = policy ?? this.options.policy;
    switch (effective.kind) {
      case 'strict':
        return nowMs;
      case 'bounded':
        return nowMs - effective.seconds * 1000;
      case 'event':
        // Trust has an end: webhooks can be lost and the sweep can fail for hours.
        return nowMs - this.options.eventMaxAgeMs;
    }
  }

  /**
   * Waits until the published epoch is confirmed for `notBeforeMs` or later.
   *
   * @throws AntipodeError `timed_out`, `primary_unavailable`, `service_unavailable`… where it cannot be had in time.
   */
  async ensure(repositoryId: RepositoryId, notBeforeMs: number): Promise<void> {
    const running = this.asked.get(repositoryId);
    // Whoever asked for a later moment asked for ours as well.
    if (running && running.notBeforeMs >= notBeforeMs) return running.answer;
    // A little more than was required, so that whoever comes while we wait can wait with us; but not all that could
    // be asked, so that a sync which began a moment ago still counts.
    const askedSince = Math.ceil((notBeforeMs + Date.now()) / 2);
    const answer = this.ask(repositoryId, askedSince);
    const asked = { notBeforeMs: askedSince, answer };
    this.asked.set(repositoryId, asked);
    const forget = (): void => {
      if (this.asked.get(repositoryId) === asked) this.asked.delete(repositoryId);
    };
    answer.then(forget, forget);
    return answer;
  }

  private async ask(repositoryId: RepositoryId, notBeforeMs: number): Promise<void> {
    const { client, waitMs } = this.options;
    // No caller's signal: others may be waiting for the same answer.
    await callUnary(client, 'ensureFresh', { repositoryId, notBeforeMs }, { timeoutMs: waitMs });
  }
}
