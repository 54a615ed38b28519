import { Injectable } from '@nestjs/common';
import { metrics, SpanStatusCode, trace } from '@opentelemetry/api';
import { ConnectionService } from '../connection/connection.service.js';
import { WebhookSubscription } from '../webhooks/webhook-subscription.js';
import { ConfiguredRepositories } from './configured-repositories.js';
import { Sweep, type SweepKind } from './sweep.js';
import { SweepTimes } from './sweep-times.js';

const tracer = trace.getTracer('antipode.registry');
const sweeps = metrics
  .getMeter('antipode.registry')
  .createCounter('antipode_sweeps_total', { description: 'Sweeps by kind and outcome' });

/** What the instance does whose turn it is: the sweep, and what hangs on it. */
@Injectable()
export class SweepRound {
  constructor(
    private readonly connection: ConnectionService,
    private readonly times: SweepTimes,
    private readonly sweep: Sweep,
    private readonly configured: ConfiguredRepositories,
    private readonly webhook: WebhookSubscription,
  ) {}

  /** @param asked undefined: whatever it is time for. */
  async run(asked: SweepKind | undefined, signal: AbortSignal): Promise<void> {
    const kind = asked ?? (await this.times.due());
    if (!(await this.connection.isLiving())) return;
    if (kind) await this.traced(kind, signal);
    // The webhook comes second: first the mirror must know what it mirrors. It has times of its own.
    await this.webhook.ensureDue(signal);
  }

  private async traced(kind: SweepKind, signal: AbortSignal): Promise<void> {
    await tracer.startActiveSpan('sweep', async (span) => {
      try {
        await this.compare(kind, signal);
        sweeps.add(1, { kind, outcome: 'done' });
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        sweeps.add(1, { kind, outcome: 'failed' });
        throw error;
      } finally {
        span.end();
      }
    });
  }

  private async compare(kind: SweepKind, signal: AbortSignal): Promise<void> {
    const { discovery } = this.connection.primary;
    if (!discovery) {
      await this.configured.take(signal);
      // Never `full`: after a restart with other settings they must be taken at once.
      return this.times.swept('recent');
    }
    const done = await this.connection.asking(() => this.sweep.run(discovery, kind, signal));
    await this.times.swept(done);
  }
}
