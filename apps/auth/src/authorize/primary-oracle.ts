import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { toAntipodeError } from '@antipode/errors';
import type { Primary } from '@antipode/primary';
import { CONFIG, type AuthConfig } from '../config.js';
import { nameOf, type RememberedVerdict, type VerdictKey } from '../verdicts/verdict.js';
import { VerdictsStore } from '../verdicts/verdicts.store.js';
import { AuthMetrics } from './auth-metrics.js';
import { Inquiries } from './inquiries.js';
import { PRIMARY } from './primary.token.js';
import type { Question } from './question.js';
import { SingleFlight } from './single-flight.js';
import { Turnstile } from './turnstile.js';

/** How often, and how long, we look for the answer that another instance is about to write. */
const LOOK_EVERY_MS = 40;
const LOOK_FOR_MS = 2000;

/** Asks the primary, and remembers what it said: each question once, however many ask it at the same moment. */
@Injectable()
export class PrimaryOracle implements OnApplicationShutdown {
  private readonly flights = new SingleFlight<RememberedVerdict>();
  private readonly turnstile: Turnstile;

  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly verdicts: VerdictsStore,
    private readonly metrics: AuthMetrics,
    private readonly inquiries: Inquiries,
  ) {
    this.turnstile = new Turnstile({
      concurrency: config.QUESTION_CONCURRENCY,
      queue: config.QUESTION_QUEUE,
    });
    metrics.watchQueue(() => this.turnstile.counts);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.primary.close();
  }

  /** @throws AntipodeError `primary_unavailable`, `primary_limited`, `primary_misbehaved`, `busy` where there is no answer. */
  ask(key: VerdictKey, question: Question): Promise<RememberedVerdict> {
    // Not tied to any one caller's life: others may have joined, and the answer is worth keeping.
    return this.flights.run(nameOf(key), () => this.askOrWait(key, question));
  }

  /** Across instances: who claims the question asks it, the others look for the answer, and ask in the end themselves. */
  private async askOrWait(key: VerdictKey, question: Question): Promise<RememberedVerdict> {
    if (!(await this.verdicts.claim(key))) {
      const theirs = await this.look(key);
      if (theirs) return theirs;
    }
    try {
      return await this.turnstile.pass(() => this.askPrimary(key, question));
    } finally {
      await this.verdicts.release(key);
    }
  }

  private async look(key: VerdictKey): Promise<RememberedVerdict | undefined> {
    const until = Date.now() + LOOK_FOR_MS;
    while (Date.now() < until) {
      await sleep(LOOK_EVERY_MS);
      const found = await this.verdicts.find(key);
      if (found) return found;
      // The other instance has given up, or is gone.
      if (await this.verdicts.claim(key)) return undefined;
    }
    return undefined;
  }

  private async askPrimary(key: VerdictKey, question: Question): Promise<RememberedVerdict> {
    const askedAt = Date.now();
    const started = performance.now();
    try {
      const { asOf = askedAt, ...verdict } = await this.inquiries.for(question)();
      this.metrics.asked(performance.now() - started, verdict.kind);
      const seconds =
        verdict.kind === 'allowed' ? this.config.VERDICT_SECONDS : this.config.NEGATIVE_VERDICT_SECONDS;
      const remembered = { ...verdict, askedAt: asOf, validUntil: Math.floor(asOf + seconds * 1000) };
      await this.verdicts.remember(key, remembered);
      return remembered;
    } catch (error) {
      const known = toAntipodeError(error, 'asking the primary for access');
      this.metrics.asked(performance.now() - started, known.code);
      throw known;
    }
  }
}
