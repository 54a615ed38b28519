import { randomUUID } from 'node:crypto';
import type { Hook, Repository } from '../state/model.js';
import { fullName } from '../state/lookup.js';
import type { StateStore } from '../state/state.store.js';
import type { Faults } from '../faults/faults.js';
import { deliver, pause } from './deliver.js';
import { DeliveryLog, type Delivery, type DeliveryState } from './delivery-log.js';

/** An event that no repository owns (project:updated) names its workspace only. */
export interface Subject {
  readonly workspaceUuid: string;
  readonly repository: Repository | undefined;
}

/** Held deliveries of a reorder fault wait no longer than this for another. */
const REORDER_PATIENCE_MS = 2_000;

/** Finds the subscriptions of an event and posts to each. No ordering is promised, as on Bitbucket. */
export class Webhooks {
  readonly log = new DeliveryLog();
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #held: (() => Promise<void>)[] = [];
  #release: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: StateStore,
    private readonly faults: Faults,
  ) {}

  fire(event: string, subject: Subject, payload: unknown): void {
    const body = JSON.stringify(payload);
    for (const hook of this.#subscribed(event, subject)) this.#start(hook, event, subject, body);
  }

  /** Whether anybody listens: payloads of pushes are dear to make. */
  isWanted(event: string, subject: Subject): boolean {
    return this.#subscribed(event, subject).length > 0;
  }

  /** Resolves when nothing is under way. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#flushHeld();
    await this.settle();
  }

  #subscribed(event: string, { workspaceUuid, repository }: Subject): Hook[] {
    const subjects = [workspaceUuid, repository?.uuid];
    return this.store.state.hooks.filter(
      (hook) => hook.active && hook.events.includes(event) && subjects.includes(hook.subjectUuid),
    );
  }

  #start(hook: Hook, event: string, subject: Subject, body: string): void {
    const payloadBytes = Buffer.byteLength(body);
    const { settings } = this.store.state;
    const add = (state: DeliveryState): Delivery => {
      const { repository } = subject;
      const delivery: Delivery = {
        id: randomUUID(),
        event,
        hookUuid: hook.uuid,
        url: hook.url,
        repository: repository ? fullName(this.store.state, repository) : null,
        payloadBytes,
        createdAt: new Date().toISOString(),
        state,
        attempts: [],
      };
      this.log.add(delivery);
      return delivery;
    };
    // "May silently fail to trigger": nobody is told, but the log knows.
    if (payloadBytes > settings.hookPayloadLimitBytes) return void add('too-large');
    if (this.faults.takeWebhookDrop()) return void add('dropped');
    const copies = this.faults.takeWebhookDuplicate() ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const delivery = add('waiting');
      this.#track(this.#post(hook, delivery, body));
    }
  }

  async #post(hook: Hook, delivery: Delivery, body: string): Promise<void> {
    const { signal } = this.#closing;
    await pause(this.faults.webhookDelayMs, signal);
    const send = (): Promise<void> =>
      deliver({ hook, delivery, body, settings: this.store.state.settings, signal });
    return this.faults.webhookReorder < 2 ? send() : this.#hold(send);
  }

  /** Collects as many as the fault says and lets them go in reverse. */
  #hold(send: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#held.push(() => send().finally(resolve));
      clearTimeout(this.#release);
      if (this.#held.length >= this.faults.webhookReorder) this.#flushHeld();
      else this.#release = setTimeout(() => this.#flushHeld(), REORDER_PATIENCE_MS);
    });
  }

  #flushHeld(): void {
    clearTimeout(this.#release);
    const held = this.#held.reverse();
    this.#held = [];
    // One after the other, or the network would shuffle them again.
    void held.reduce((before, send) => before.then(send), Promise.resolve());
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }
}
