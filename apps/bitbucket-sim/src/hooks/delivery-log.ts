/** How many deliveries are remembered. */
const KEPT = 2_000;

export interface Attempt {
  readonly number: number;
  readonly at: string;
  /** HTTP status, or what went wrong instead, in Bitbucket's words. */
  readonly outcome: number | 'TIMEOUT' | 'NETWORK ERROR';
  readonly durationMs: number;
}

export type DeliveryState = 'waiting' | 'delivered' | 'failed' | 'dropped' | 'too-large';

export interface Delivery {
  /** Also X-Request-UUID, without braces. */
  readonly id: string;
  readonly event: string;
  readonly hookUuid: string;
  readonly url: string;
  readonly repository: string | null;
  readonly payloadBytes: number;
  readonly createdAt: string;
  state: DeliveryState;
  readonly attempts: Attempt[];
}

/** What the control API shows about webhooks. Lives in memory only. */
export class DeliveryLog {
  readonly #all: Delivery[] = [];

  add(delivery: Delivery): void {
    this.#all.push(delivery);
    if (this.#all.length > KEPT) this.#all.splice(0, this.#all.length - KEPT);
  }

  list(): readonly Delivery[] {
    return this.#all;
  }

  clear(): void {
    this.#all.length = 0;
  }
}
