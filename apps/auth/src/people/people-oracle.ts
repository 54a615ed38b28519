import { Inject, Injectable } from '@nestjs/common';
import { toAntipodeError } from '@antipode/errors';
import { Turnstile } from '../authorize/turnstile.js';
import { CONFIG, type AuthConfig } from '../config.js';
import { VerdictsStore } from '../verdicts/verdicts.store.js';
import { AnswersStore, type Answer } from './answers.store.js';
import type { PeopleQuestion } from './people-question.js';
import type { Person } from './persons.js';

/** Asks the primary about people, a bounded number at a time, and remembers what it said. */
@Injectable()
export class PeopleOracle {
  private readonly turnstile: Turnstile;

  constructor(
    @Inject(CONFIG) config: AuthConfig,
    private readonly answers: AnswersStore,
    private readonly verdicts: VerdictsStore,
  ) {
    const { QUESTION_CONCURRENCY: concurrency, QUESTION_QUEUE: queue } = config;
    this.turnstile = new Turnstile({ concurrency, queue });
  }

  /** @throws AntipodeError `primary_*`, `service_unavailable`, `busy` where there is no answer; a refusal is one. */
  async ask<T>(person: Person, question: PeopleQuestion<T>): Promise<Answer<T>> {
    const askedAt = Date.now();
    const { principal } = person;
    try {
      const value = await this.turnstile.pass(() => person.ask(question.ask));
      return await this.answers.remember(principal, question, askedAt, { value });
    } catch (error) {
      const { code, hint } = toAntipodeError(error, 'asking about a person');
      if (code !== 'unauthenticated' && code !== 'denied') throw error;
      // Whom the primary does not know is known nowhere: whatever they were allowed elsewhere ends, too.
      if (code === 'unauthenticated') await this.verdicts.end(principal, askedAt);
      const refusal = { code, ...(hint === undefined ? {} : { hint }) };
      // That a link is broken is written where it broke, and may be mended at any moment.
      if (person.kind === 'session' && code === 'unauthenticated')
        return { askedAt, validUntil: askedAt, answer: { refusal } };
      return this.answers.remember(principal, question, askedAt, { refusal });
    }
  }
}
