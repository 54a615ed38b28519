import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { auth } from '@antipode/contracts';
import type { RepositoryPath, Right } from '@antipode/domain';
import { callUnary } from '@antipode/rpc';
import { writeCallerKey, type Caller } from './caller.js';

export interface Question {
  readonly path: RepositoryPath;
  readonly right: Right;
  readonly caller: Caller;
  readonly clientAddress: string;
  readonly signal: AbortSignal;
}

export interface Allowed {
  /** A meaningless, stable name of the credential or the key's holder; '' for an anonymous caller. */
  readonly principal: string;
  /** The verdict stands only because of the outage policy. */
  readonly outage: boolean;
}

/** An agent is asked through the connection that lends it, not through auth. */
interface Asked extends Question {
  readonly caller: Exclude<Caller, { kind: 'agent' }>;
}

interface Remembered extends Allowed {
  readonly validUntilMs: number;
}

export interface VerdictsOptions {
  readonly client: auth.AuthServiceClient;
  readonly secretKey: Buffer;
  readonly timeoutMs: number;
  readonly maxEntries: number;
}

/** Rights as auth spells them. */
export const RIGHT: Record<Right, auth.Right> = {
  read: auth.Right.RIGHT_READ,
  write: auth.Right.RIGHT_WRITE,
};

/**
 * Who is this, and may they? Asks the auth service and remembers a yes for as long as auth says.
 * A no is never remembered here: auth must see every failed attempt, in order to count it.
 */
export class Verdicts {
  private readonly remembered: LRUCache<string, Remembered>;
  private readonly secretKey: KeyObject;

  constructor(private readonly options: VerdictsOptions) {
    // Made once: from a buffer every request would make it anew.
    this.secretKey = createSecretKey(options.secretKey);
    this.remembered = new LRUCache({ max: options.maxEntries });
  }

  /** @throws AntipodeError with auth's code: `unauthenticated`, `not_found`, `denied`, `too_many_failures`, `primary_unavailable`… */
  async authorize(question: Question): Promise<Allowed> {
    const { caller, path, right, signal } = question;
    if (caller.kind === 'agent') {
      await caller.oracle.authorize(path, right, signal);
      return { principal: caller.oracle.principal, outage: false };
    }
    const key = this.key({ path, right, caller });
    const known = this.remembered.get(key);
    if (known && known.validUntilMs > Date.now()) return known;
    const verdict = await this.ask({ ...question, caller });
    if (verdict.validUntilMs > Date.now()) this.remembered.set(key, verdict);
    return verdict;
  }

  /** The primary has just said otherwise. */
  forget({ path, right, caller }: Pick<Question, 'path' | 'right' | 'caller'>): void {
    if (caller.kind === 'agent') caller.oracle.forget(path, right);
    else this.remembered.delete(this.key({ path, right, caller }));
  }

  private async ask({ path, right, caller, clientAddress, signal }: Asked): Promise<Remembered> {
    const { client, timeoutMs } = this.options;
    const request = {
      repositoryPath: path,
      right: RIGHT[right],
      authorization: caller.kind === 'credential' ? caller.authorization : '',
      clientAddress,
      keyHolder: caller.kind === 'holder' ? caller.holder : undefined,
    };
    const answer = await callUnary(client, 'authorize', request, { timeoutMs, signal });
    return { principal: answer.principal, outage: answer.outage, validUntilMs: Number(answer.validUntilMs) };
  }

  /** Never the credential itself: a core dump of this map teaches nothing. */
  private key({ path, right, caller }: Pick<Asked, 'path' | 'right' | 'caller'>): string {
    // A path holds no NUL and a right is a word, so no two questions share a text.
    return createHmac('sha256', this.secretKey)
      .update(`${right}\0${path}\0${writeCallerKey(caller)}`)
      .digest('base64');
  }
}
