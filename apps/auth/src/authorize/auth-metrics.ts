import { Injectable } from '@nestjs/common';
import { metrics, type Counter, type Histogram } from '@opentelemetry/api';
import type { Right } from '@antipode/domain';
import type { Code } from '@antipode/errors';

export type Outcome = 'allowed' | Code;

/** Where an answer came from. none: there was no answer to the question itself (limited, primary away). */
export type Source = 'cache' | 'primary' | 'outage' | 'none';

/** What Prometheus sees of auth. Labels come from closed sets. */
@Injectable()
export class AuthMetrics {
  private readonly questions: Counter;
  private readonly people: Counter;
  private readonly primarySeconds: Histogram;

  constructor() {
    const meter = metrics.getMeter('antipode.auth');
    this.questions = meter.createCounter('antipode_auth_questions', {
      description: 'Questions by outcome (allowed, or an error code), right, and where the answer came from',
    });
    this.people = meter.createCounter('antipode_auth_people_questions', {
      description:
        'Questions about people by outcome (known, or an error code), what was asked, and where the answer came from',
    });
    this.primarySeconds = meter.createHistogram('antipode_auth_primary_duration_seconds', {
      description: 'How long the primary took to answer for access, by outcome',
      unit: 's',
      advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
    });
  }

  answered(labels: { readonly outcome: Outcome; readonly right: Right; readonly source: Source }): void {
    this.questions.add(1, { ...labels });
  }

  answeredOfPeople(labels: {
    readonly question: string;
    readonly outcome: 'known' | Code;
    readonly source: Source;
  }): void {
    this.people.add(1, { ...labels });
  }

  asked(tookMs: number, outcome: Outcome): void {
    this.primarySeconds.record(tookMs / 1000, { outcome });
  }

  /** How many questions to the primary run and wait, looked up when somebody scrapes. */
  watchQueue(read: () => { readonly running: number; readonly waiting: number }): void {
    const gauge = metrics.getMeter('antipode.auth').createObservableGauge('antipode_auth_primary_questions', {
      description: 'Questions to the primary, running and waiting',
    });
    gauge.addCallback((result) => {
      const { running, waiting } = read();
      result.observe(running, { state: 'running' });
      result.observe(waiting, { state: 'waiting' });
    });
  }
}
