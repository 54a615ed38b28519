import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type RegistryConfig } from '../config.js';
import { ConnectionStore } from '../connection/connection.store.js';
import type { SweepKind } from './sweep.js';

/** When the mirror was last compared with the primary, for all instances together. */
@Injectable()
export class SweepTimes {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly store: ConnectionStore,
  ) {}

  /** What it is time for; undefined where it is not. */
  async due(): Promise<SweepKind | undefined> {
    const { sweptAt, fullySweptAt } = await this.store.read();
    if (age(fullySweptAt) >= this.config.FULL_SWEEP_SECONDS) return 'full';
    // Clocks of several instances tick apart; a sweep that another has just made is ours too.
    return age(sweptAt) >= this.config.SWEEP_SECONDS * 0.5 ? 'recent' : undefined;
  }

  async swept(kind: SweepKind): Promise<void> {
    const now = new Date();
    await this.store.update({ sweptAt: now, ...(kind === 'full' ? { fullySweptAt: now } : {}) });
  }
}

/** In seconds. */
const age = (moment: Date | null): number => (moment ? (Date.now() - moment.getTime()) / 1000 : Infinity);
