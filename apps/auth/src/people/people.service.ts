import { Inject, Injectable } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import { toAntipodeError, type Code } from '@antipode/errors';
import type { Membership, PrimaryAccount, WorkspaceRole } from '@antipode/primary';
import { AuthMetrics, type Source } from '../authorize/auth-metrics.js';
import { SingleFlight } from '../authorize/single-flight.js';
import { addressBlock } from '@antipode/http-door';
import type { FailureLimit } from '../limits/failure-limit.js';
import { FAILURES } from '../limits/limits.js';
import { AnswersStore, valueOf, type Answer, type Outage } from './answers.store.js';
import { PeopleOracle } from './people-oracle.js';
import { readableIn, roleIn, WHO, WORKSPACES, type PeopleQuestion } from './people-question.js';
import { Persons, type Person } from './persons.js';
import type { Proof } from './proof.js';

export interface Asking {
  readonly proof: Proof;
  readonly clientAddress: string;
}

export interface Identified extends PrimaryAccount {
  /** `stranger` also where no workspace was asked about. */
  readonly role: WorkspaceRole;
  /** Milliseconds since 1970. */
  readonly validUntil: number;
}

/** No answer because the primary could not give one; what it said before may stand, if the policy says so. */
const isOutage = (code: Code): code is Outage => code === 'primary_unavailable' || code === 'primary_limited';

/**
 * Who is this person, and what are they to a workspace? The primary's own answer to the person's own credential, asked
 * or remembered, on the same way as verdicts.
 *
 * All of it @throws AntipodeError `unauthenticated` (its hint says what to do where the link is broken), `denied`,
 * `too_many_failures`; `primary_*`, `service_unavailable`, `busy` where there is no answer.
 */
@Injectable()
export class PeopleService {
  private readonly flights = new SingleFlight<Answer<unknown>>();

  constructor(
    @Inject(FAILURES) private readonly limit: FailureLimit,
    private readonly persons: Persons,
    private readonly answers: AnswersStore,
    private readonly oracle: PeopleOracle,
    private readonly metrics: AuthMetrics,
  ) {}

  async identify(asking: Asking, workspace: string | undefined): Promise<Identified> {
    const person = await this.persons.of(asking.proof);
    const who = person.account ? undefined : await this.answer(person, WHO, asking);
    const role = workspace === undefined ? undefined : await this.answer(person, roleIn(workspace), asking);
    // A session may end at any moment: who it is must be asked each time.
    const sessionUntil = person.kind === 'session' ? Date.now() : Infinity;
    const { id, displayName } = person.account ?? valueOf(who as Answer<PrimaryAccount>);
    return {
      id,
      displayName,
      role: role ? valueOf(role) : 'stranger',
      validUntil: Math.min(sessionUntil, who?.validUntil ?? Infinity, role?.validUntil ?? Infinity),
    };
  }

  async workspaces(asking: Asking): Promise<Membership[]> {
    const person = await this.persons.of(asking.proof);
    return valueOf(await this.answer(person, WORKSPACES, asking));
  }

  async readable(
    asking: Asking,
    workspace: string,
  ): Promise<{ readonly ids: RepositoryId[]; readonly validUntil: number }> {
    const person = await this.persons.of(asking.proof);
    const answer = await this.answer(person, readableIn(workspace), asking);
    return { ids: valueOf(answer), validUntil: answer.validUntil };
  }

  private async answer<T>(person: Person, question: PeopleQuestion<T>, asking: Asking): Promise<Answer<T>> {
    const { answer, source } = await this.findOrAsk(person, question, asking).catch((error: unknown) => {
      const { code } = toAntipodeError(error, 'asking about a person');
      this.metrics.answeredOfPeople({ question: question.kind, outcome: code, source: 'none' });
      throw error;
    });
    const outcome = 'refusal' in answer.answer ? answer.answer.refusal.code : 'known';
    this.metrics.answeredOfPeople({ question: question.kind, outcome, source });
    valueOf(answer);
    return answer;
  }

  private async findOrAsk<T>(
    person: Person,
    question: PeopleQuestion<T>,
    asking: Asking,
  ): Promise<{ readonly answer: Answer<T>; readonly source: Source }> {
    const known = await this.answers.find(person.principal, question);
    if (known) return { answer: known, source: 'cache' };
    try {
      return { answer: await this.ask(person, question, asking), source: 'primary' };
    } catch (error) {
      const { code } = toAntipodeError(error, 'asking about a person');
      const standing = isOutage(code) && (await this.answers.findStanding(person.principal, question, code));
      if (!standing) throw error;
      return { answer: standing, source: 'outage' };
    }
  }

  /** Askers of one address share one question, and one failure. Whose link is gone has guessed nothing. */
  private ask<T>(person: Person, question: PeopleQuestion<T>, { clientAddress }: Asking): Promise<Answer<T>> {
    const block = addressBlock(clientAddress);
    const flight = this.flights.run(`${person.principal} ${question.name} ${block}`, () =>
      this.limit.guard(
        block,
        async () =>
          (await this.answers.find(person.principal, question)) ?? this.oracle.ask(person, question),
        ({ answer }) =>
          person.kind === 'credential' && 'refusal' in answer && answer.refusal.code === 'unauthenticated',
      ),
    );
    // One name, one question: what is under way under this name has this question's shape.
    return flight as Promise<Answer<T>>;
  }
}
