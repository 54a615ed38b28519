import type { auth } from '@antipode/contracts';
import type { Right } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import type { Primary } from '@antipode/primary';
import { callUnary } from '@antipode/rpc';
import type { Caller } from './caller.js';
import type { Session } from './hallway.js';
import { RIGHT } from './verdicts.js';

export interface RelayAuthorizationOptions {
  readonly primary: Pick<Primary, 'relayAuthorization'>;
  readonly client: auth.AuthServiceClient;
  readonly timeoutMs: number;
}

/**
 * The Authorization header with which the primary takes a request on a caller's behalf; undefined for an anonymous
 * caller. It must be used for this one request and then be forgotten.
 *
 * @throws AntipodeError as `Authorize` does for whoever holds a key; `unsupported` for an agent, which speaks SSH only.
 */
export type RelayAuthorization = (
  caller: Caller,
  session: Pick<Session, 'repository' | 'clientAddress' | 'signal'>,
  right: Right,
) => Promise<string | undefined>;

export function openRelayAuthorization(options: RelayAuthorizationOptions): RelayAuthorization {
  return async (caller, session, right) => {
    switch (caller.kind) {
      case 'anonymous':
        return undefined;
      case 'credential':
        // A body can be sent once only, so the credential goes in the form that the primary surely takes.
        return options.primary.relayAuthorization(caller.authorization);
      case 'holder':
        return borrow(options, caller.holder, session, right);
      case 'agent':
        throw new AntipodeError('unsupported', 'relaying for a forwarded agent over HTTPS');
    }
  };
}

async function borrow(
  { client, timeoutMs }: RelayAuthorizationOptions,
  keyHolder: auth.KeyHolder,
  { repository, clientAddress, signal }: Pick<Session, 'repository' | 'clientAddress' | 'signal'>,
  right: Right,
): Promise<string> {
  const { authorization } = await callUnary(
    client,
    'getRelayCredential',
    { repositoryPath: repository.path, right: RIGHT[right], keyHolder, clientAddress },
    { timeoutMs, signal },
  );
  return authorization;
}
