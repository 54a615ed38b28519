import type { KeyObject } from 'node:crypto';
import { AntipodeError } from '@antipode/errors';
import type { Caller, Oracle } from '../session/caller.js';
import type { Knock } from '../session/hallway.js';
import { isLfsToken, readLfsToken, type LfsToken } from './lfs-token.js';

export interface Recognised {
  readonly caller: Caller;
  /** What the caller is to be held to; absent for whoever shows a credential of the primary's. */
  readonly token?: LfsToken;
}

/**
 * Who knocks, where a token of the SSH door may stand for a holder or an agent.
 *
 * @throws AntipodeError `unauthenticated` where it is none of ours, or its time is over.
 */
export function enterWithToken({ caller }: Pick<Knock, 'caller'>, key: KeyObject): Recognised {
  if (caller.kind !== 'credential' || !isLfsToken(caller.authorization)) return { caller };
  const token = readLfsToken(caller.authorization, key, Date.now());
  const { bearer } = token;
  if (bearer.kind === 'holder')
    return { token, caller: { kind: 'holder', holder: bearer.holder, displayName: '' } };
  return { token, caller: { kind: 'agent', oracle: new RememberedAgent(bearer.path) } };
}

/** The primary's yes to an agent that is gone by now: to read one repository, and nothing else. */
class RememberedAgent implements Oracle {
  readonly principal = 'agent-token';

  constructor(private readonly path: string) {}

  authorize(...[path, right]: Parameters<Oracle['authorize']>): Promise<void> {
    if (path === this.path && right === 'read') return Promise.resolve();
    const code = path === this.path ? 'denied' : 'not_found';
    return Promise.reject(new AntipodeError(code, 'asking for an agent that is gone'));
  }

  forget(): void {
    // Nothing is remembered but what the token itself says.
  }

  run(): Promise<never> {
    return Promise.reject(new AntipodeError('unsupported', 'running a command for an agent that is gone'));
  }
}
