import { setTimeout as sleep } from 'node:timers/promises';
import { toAntipodeError } from '@antipode/errors';
import type { Logger } from '@antipode/service-kit';

export interface RoundsOptions {
  /** What is done, for the log: "checking objects". */
  readonly doing: string;
  readonly logger: Logger;
  /** Pause after a round that failed. */
  readonly troubleMs: number;
  /** One round; says how long to pause until the next one. */
  readonly round: (signal: AbortSignal) => Promise<number>;
}

/** Work that goes on in the background, round by round, until it is ended. */
export class Rounds {
  private readonly closing = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: RoundsOptions) {}

  start(firstAfterMs: number): void {
    this.running = this.goOn(firstAfterMs);
  }

  async end(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  private async goOn(firstAfterMs: number): Promise<void> {
    const { signal } = this.closing;
    await this.pause(firstAfterMs);
    while (!signal.aborted) await this.pause(await this.tryRound());
  }

  private async tryRound(): Promise<number> {
    const { doing, logger, troubleMs, round } = this.options;
    try {
      return await round(this.closing.signal);
    } catch (error) {
      if (!this.closing.signal.aborted)
        logger.warn({ err: toAntipodeError(error, doing) }, `${doing} did not work; it is tried again`);
      return troubleMs;
    }
  }

  private async pause(ms: number): Promise<void> {
    // Housekeeping alone keeps no process alive.
    await sleep(ms, undefined, { signal: this.closing.signal, ref: false }).catch(() => undefined);
  }
}
