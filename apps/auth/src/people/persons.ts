import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import type { ConnectionCredential, People, Primary, PrimaryAccount } from '@antipode/primary';
import { AccountTokens } from '../accounts/account-tokens.js';
import { PRIMARY } from '../authorize/primary.token.js';
import { Names } from '../verdicts/names.js';
import type { Proof } from './proof.js';
import { SignedIn } from './signed-in.js';

/** A person who has shown something: how the primary is asked about them, as themselves. */
export interface Person {
  readonly kind: Proof['kind'];
  /** A stable, meaningless name; what is remembered under it ends with it. */
  readonly principal: string;
  /** Who it is, where we know without asking. */
  readonly account?: PrimaryAccount;
  /** @throws AntipodeError `unauthenticated` where the primary knows the person's credential no more; as `People` has it. */
  ask<T>(question: (people: People, credential: ConnectionCredential) => Promise<T>): Promise<T>;
}

/** Turns a proof into somebody whom the primary can be asked about. */
@Injectable()
export class Persons {
  constructor(
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly signedIn: SignedIn,
    private readonly tokens: AccountTokens,
    private readonly names: Names,
  ) {}

  /** @throws AntipodeError `unauthenticated`, `denied`, `service_unavailable` */
  async of(proof: Proof): Promise<Person> {
    const { people } = this.primary;
    if (!people) throw new AntipodeError('denied', 'asking about a person', {}, { hint: NO_PEOPLE });
    return proof.kind === 'session'
      ? this.ofSession(people, proof.browser)
      : this.ofCredential(people, proof.authorization);
  }

  private ofCredential(people: People, authorization: string): Person {
    const credential = people.readCredential(authorization);
    return {
      kind: 'credential',
      principal: this.names.principal(authorization),
      ask: (question) => question(people, credential),
    };
  }

  private async ofSession(people: People, browser: string): Promise<Person> {
    const { id, displayName } = await this.signedIn.find(browser);
    return {
      kind: 'session',
      principal: this.names.holder('account', id),
      account: { id, displayName },
      ask: (question) =>
        this.tokens
          .ask(id, (token) => question(people, { token }))
          .catch((error: unknown) => {
            throw isAntipodeError(error) && error.code === 'unauthenticated' ? this.signedIn.broken() : error;
          }),
    };
  }
}

const NO_PEOPLE =
  'The primary has no API that tells who people are. Use the token of the people who run the mirror.';
