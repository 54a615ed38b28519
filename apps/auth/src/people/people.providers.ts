import type { Provider } from '@nestjs/common';
import { AccountLending } from './account-lending.js';
import { AnswersStore } from './answers.store.js';
import { PeopleCalls } from './people-calls.js';
import { PeopleOracle } from './people-oracle.js';
import { PeopleService } from './people.service.js';
import { Persons } from './persons.js';
import { SignedIn } from './signed-in.js';

/** Who people are to the primary, for the mirror's pages and its REST. */
export const PEOPLE_PROVIDERS: Provider[] = [
  AccountLending,
  AnswersStore,
  PeopleCalls,
  PeopleOracle,
  PeopleService,
  Persons,
  SignedIn,
];
