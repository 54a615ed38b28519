import { setTimeout as wait } from 'node:timers/promises';
import { stoppedShort, sentenceOf } from '../stopped-short.js';
import type { Screen } from '../screen/screen.js';
import type { Journal, RecordedProcess } from './journal.js';
import { logOf, rotateLog } from './logs.js';
import type { Part } from './part.js';
import { RunningPart } from './running-part.js';

export interface HouseOptions {
  readonly dataFolder: string;
  readonly journal: Journal;
  readonly screen: Screen;
  readonly readyMs: number;
  /** After a part came back under another pid. */
  readonly onChange: (processes: readonly RecordedProcess[]) => Promise<void>;
}

/** A part that ends more often than this within the window is broken, not unlucky. */
const MOST_RESTARTS = 5;
const RESTART_WINDOW_MS = 60_000;
const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 3000;

/**
 * The processes of one house: starts them, brings back what crashes, stops them in the reverse order.
 *
 *   (absent) ─▶ starting ─▶ ready ─▶ stopped
 *                  │          │ ▲
 *                  ▼          ▼ │ with a growing pause, up to five times a minute
 *               broken ◀── crashed          broken: `whenBroken` rejects, and the caller stops the house
 */
export class House {
  private readonly running = new Map<string, RunningPart>();
  private readonly crashes = new Map<string, number[]>();
  private readonly stopSwitch = new AbortController();
  private readonly broken = Promise.withResolvers<never>();

  constructor(private readonly options: HouseOptions) {
    // Whoever waits for it hears of it; nobody waiting must not crash the supervisor.
    this.broken.promise.catch(() => undefined);
  }

  /** Rejects when a part cannot be kept running. Never resolves. */
  get whenBroken(): Promise<never> {
    return this.broken.promise;
  }

  get processes(): RecordedProcess[] {
    return [...this.running].map(([name, { identity }]) => ({ name, ...identity }));
  }

  /** Starts these parts side by side and waits until all are ready. @throws AntipodeError for the first that fails */
  async start(parts: readonly Part[], signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.stopSwitch.signal]);
    await Promise.all(
      parts.map(async (part) => {
        this.options.screen.part(part.name, part.title, 'starting');
        await rotateLog(this.options.dataFolder, part.name);
        await this.bringUp(part, either);
        this.options.screen.part(part.name, part.title, 'ready');
      }),
    );
  }

  /** Stops everything, group by group in this order; what no group names comes last. */
  async stop(order: readonly (readonly string[])[], graceMs?: number): Promise<void> {
    this.stopSwitch.abort();
    const named = new Set(order.flat());
    const rest = [...this.running.keys()].filter((name) => !named.has(name));
    for (const names of [...order, rest]) {
      await Promise.all(names.map((name) => this.stopOne(name, graceMs)));
    }
  }

  private async stopOne(name: string, graceMs?: number): Promise<void> {
    const part = this.running.get(name);
    if (!part) return;
    this.options.screen.part(name, part.part.title, 'stopping');
    await part.stop(graceMs);
    this.options.screen.part(name, part.part.title, 'stopped');
  }

  private async bringUp(part: Part, signal: AbortSignal): Promise<void> {
    const started = await RunningPart.start(part, logOf(this.options.dataFolder, part.name));
    this.running.set(part.name, started);
    await this.options.journal.note(this.processes);
    // A stop that came in between found nothing to stop.
    if (signal.aborted) await started.stop();
    await started.untilReady(this.options.readyMs, signal);
    void started.exited.then((how) => this.afterExit(part, how));
  }

  private async afterExit(part: Part, how: string): Promise<void> {
    if (this.stopSwitch.signal.aborted) return;
    try {
      await this.bringBack(part, how);
    } catch (error) {
      if (!this.stopSwitch.signal.aborted) this.broken.reject(error);
    }
  }

  private async bringBack(part: Part, how: string): Promise<void> {
    const { dataFolder, screen } = this.options;
    const recent = (this.crashes.get(part.name) ?? []).filter((at) => Date.now() - at < RESTART_WINDOW_MS);
    this.crashes.set(part.name, [...recent, Date.now()]);
    if (recent.length >= MOST_RESTARTS) {
      const times = recent.length + 1;
      throw stoppedShort(
        'internal',
        `${part.name} (${part.title}) ended ${times} times within a minute. Its log: ${logOf(dataFolder, part.name)}`,
      );
    }
    screen.say(`${part.name} ended (${how}); starting it again. Its log: ${logOf(dataFolder, part.name)}`);
    await wait(Math.min(FIRST_BACKOFF_MS * 2 ** recent.length, LONGEST_BACKOFF_MS), undefined, {
      signal: this.stopSwitch.signal,
    });
    const again = await this.tryAgain(part);
    if (again !== undefined) return this.bringBack(part, again);
    await this.options.onChange(this.processes);
    screen.say(`${part.name} is back.`);
  }

  /** @returns undefined when it is ready again, else how it failed this time */
  private async tryAgain(part: Part): Promise<string | undefined> {
    try {
      await this.bringUp(part, this.stopSwitch.signal);
      return undefined;
    } catch (error) {
      if (this.stopSwitch.signal.aborted) throw error;
      await this.running.get(part.name)?.stop();
      return sentenceOf(error);
    }
  }
}
