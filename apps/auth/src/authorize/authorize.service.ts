import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError, toAntipodeError, type Code } from '@antipode/errors';
import { addressBlock } from '@antipode/http-door';
import type { FailureLimit } from '../limits/failure-limit.js';
import { FAILURES } from '../limits/limits.js';
import { Names } from '../verdicts/names.js';
import { nameOf, type RememberedVerdict, type VerdictKey } from '../verdicts/verdict.js';
import { VerdictsStore } from '../verdicts/verdicts.store.js';
import { AuthMetrics, type Source } from './auth-metrics.js';
import { principalOf, type Caller } from './caller.js';
import { PrimaryOracle } from './primary-oracle.js';
import type { Question } from './question.js';
import { SingleFlight } from './single-flight.js';

export interface Allowed {
  readonly principal: string;
  /** Milliseconds since 1970. */
  readonly validUntil: number;
  /** True where only the outage policy lets an earlier yes stand. */
  readonly outage: boolean;
}

interface Answer {
  readonly verdict: RememberedVerdict;
  readonly source: Source;
}

/** Which answers count as failures: what teaches somebody who guesses. Whose link is gone has guessed nothing. */
const COUNTED: Record<Exclude<Caller['kind'], 'anonymous'>, ReadonlySet<RememberedVerdict['kind']>> = {
  credential: new Set(['unauthenticated', 'not_found'] as const),
  account: new Set(['not_found'] as const),
  'access-key': new Set(['not_found'] as const),
};

/** No answer because the primary could not give one; what it said before may stand, if the policy says so. */
const OUTAGE: ReadonlySet<Code> = new Set<Code>(['primary_unavailable', 'primary_limited']);

/**
 * Who is this, and may they? The primary's own answer, asked or remembered.
 *
 *   remembered? ─▶ too many failures? ─▶ ask the primary (once for all who ask the same) ─▶ remember ─▶ answer
 *                                              └─ it is away ─▶ an earlier yes, where the policy lets it stand
 */
@Injectable()
export class AuthorizeService {
  private readonly flights = new SingleFlight<RememberedVerdict>();

  constructor(
    private readonly names: Names,
    private readonly verdicts: VerdictsStore,
    @Inject(FAILURES) private readonly limit: FailureLimit,
    private readonly oracle: PrimaryOracle,
    private readonly metrics: AuthMetrics,
  ) {}

  /**
   * @throws AntipodeError `unauthenticated`, `not_found`, `denied` (its hint is the primary's sentence),
   *   `too_many_failures`;
   *   `primary_unavailable`, `primary_limited`, `primary_misbehaved`, `busy` where there is no answer.
   */
  async authorize(question: Question): Promise<Allowed> {
    const { path, right } = question;
    const key = { principal: principalOf(question.caller, this.names), path, right };
    const { verdict, source } = await this.answer(key, question).catch((error: unknown) => {
      const known = toAntipodeError(error, 'authorizing');
      this.metrics.answered({ outcome: known.code, right, source: 'none' });
      throw known;
    });
    const refusal = refusalOf(verdict, question);
    this.metrics.answered({ outcome: refusal?.code ?? 'allowed', right, source });
    if (refusal) throw refusal;
    return { principal: key.principal, validUntil: verdict.validUntil, outage: source === 'outage' };
  }

  private async answer(key: VerdictKey, question: Question): Promise<Answer> {
    const known = await this.verdicts.find(key);
    if (known) return { verdict: known, source: 'cache' };
    try {
      return { verdict: await this.ask(key, question), source: 'primary' };
    } catch (error) {
      const standing =
        OUTAGE.has(toAntipodeError(error, 'authorizing').code) && (await this.verdicts.findStanding(key));
      if (!standing) throw error;
      return { verdict: standing, source: 'outage' };
    }
  }

  /** Callers of one address share one question, and one failure; the failures of different addresses are theirs. */
  private ask(key: VerdictKey, question: Question): Promise<RememberedVerdict> {
    // Without a credential nobody guesses anything: private and missing look the same.
    if (question.caller.kind === 'anonymous') return this.oracle.ask(key, question);
    const failures = COUNTED[question.caller.kind];
    const block = addressBlock(question.clientAddress);
    return this.flights.run(`${nameOf(key)} ${block}`, () =>
      this.limit.guard(
        block,
        async () => (await this.verdicts.find(key)) ?? this.oracle.ask(key, question),
        ({ kind }) => failures.has(kind),
      ),
    );
  }
}

/**
 * The answer of a remembered no. An anonymous caller is asked who they are, whatever the reason: private, missing and
 * forbidden must look alike to somebody whom we do not know. The holder of a key has proved who they are: where their
 * link is gone, asking for a password would help nobody.
 */
function refusalOf({ kind, message }: RememberedVerdict, question: Question): AntipodeError | undefined {
  if (kind === 'allowed') return undefined;
  const { path, right, caller } = question;
  const refuse = (code: Code, hint?: string): AntipodeError =>
    new AntipodeError(code, 'authorizing', { path, right }, hint ? { hint } : {});
  if (caller.kind === 'anonymous') return refuse('unauthenticated');
  if (kind === 'unauthenticated' && caller.kind === 'account') return refuse('denied', message);
  return refuse(kind, kind === 'denied' ? message : undefined);
}
