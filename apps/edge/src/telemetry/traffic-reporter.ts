import { randomUUID } from 'node:crypto';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { registry } from '@antipode/contracts';
import { callUnary } from '@antipode/rpc';
import type { Traffic } from './traffic.js';

export interface TrafficReporterOptions {
  readonly client: registry.RegistryServiceClient;
  readonly node: string;
  readonly traffic: Traffic;
  readonly everyMs?: number;
}

const EVERY_MS = 10_000;
const TIMEOUT_MS = 5000;
/** Nobody waits long for an edge that ends. */
const LAST_TIMEOUT_MS = 2000;

/** Tells the registry what was served. Nothing waits for it: what does not arrive is told again the next time. */
export class TrafficReporter implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly boot = randomUUID();
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();
  private isSending = false;

  constructor(private readonly options: TrafficReporterOptions) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.tick(), this.options.everyMs ?? EVERY_MS);
    this.timer.unref();
  }

  /** After the doors have closed: this is the last word. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.sending;
    await this.send(LAST_TIMEOUT_MS);
  }

  private tick(): void {
    if (this.isSending) return;
    this.isSending = true;
    this.sending = this.send(TIMEOUT_MS).finally(() => (this.isSending = false));
  }

  /** Never rejects. */
  private async send(timeoutMs: number): Promise<void> {
    const { client, node, traffic } = this.options;
    const minutes = [...traffic.news];
    if (minutes.length === 0) return;
    try {
      await callUnary(client, 'reportTraffic', { node, boot: this.boot, minutes }, { timeoutMs });
      traffic.arrived(minutes);
    } catch {
      // The registry is away; totals are told again, and the oldest minutes are forgotten.
    }
  }
}
