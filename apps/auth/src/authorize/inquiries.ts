import { Inject, Injectable } from '@nestjs/common';
import type { Primary } from '@antipode/primary';
import { AccessKeyRights } from '../holders/access-key-rights.js';
import { AccountRights } from '../holders/account-rights.js';
import type { Inquiry } from './inquiry.js';
import { PRIMARY } from './primary.token.js';
import type { Question } from './question.js';

/** How the primary is asked, for each kind of caller. */
@Injectable()
export class Inquiries {
  constructor(
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly accounts: AccountRights,
    private readonly accessKeys: AccessKeyRights,
  ) {}

  for({ caller, path, right }: Question): Inquiry {
    switch (caller.kind) {
      case 'anonymous':
        return () => this.primary.authorize({ path, right, authorization: undefined });
      case 'credential':
        return () => this.primary.authorize({ path, right, authorization: caller.authorization });
      case 'account':
        return () => this.accounts.ask(caller.accountId, path, right);
      case 'access-key':
        return () => this.accessKeys.ask(caller.fingerprint, path, right);
    }
  }
}
