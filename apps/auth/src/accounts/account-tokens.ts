import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError, isAntipodeError, toAntipodeError } from '@antipode/errors';
import type { Grant, OAuth, Primary } from '@antipode/primary';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { PRIMARY } from '../authorize/primary.token.js';
import { SingleFlight } from '../authorize/single-flight.js';
import { Database } from '../database/database.js';
import { TokensStore, type StoredTokens } from './tokens.store.js';

/** A token that ends sooner than this is not worth setting out with. */
const MARGIN_MS = 30_000;
const WAIT_FOR_OTHERS_MS = 20_000;
const WRITE_ATTEMPTS = 3;
const WRITE_RETRY_MS = 300;

export interface UseToken {
  /** Renew a token that ends within this time. */
  readonly aheadMs?: number;
  /** A token that the primary has refused: it must not be given again. */
  readonly refused?: string;
}

/** An answer of the primary that could not be written down yet. */
interface Unwritten {
  readonly seal: Uint8Array;
  readonly grant: Grant;
  readonly askedAt: number;
}

/**
 * Access tokens of linked accounts, renewed when they end.
 *
 * A refresh token dies when it is used. So: one instance at a time (a Postgres lock per account), the use is noted
 * before it happens, and the answer is written down before anybody uses it. An answer that gets lost on its way is
 * asked for again with the old token, which primaries take for a little while; only if they do not is the link broken.
 */
@Injectable()
export class AccountTokens {
  private readonly flights = new SingleFlight<string>();
  private readonly unwritten = new Map<string, Unwritten>();

  constructor(
    @Inject(PRIMARY) private readonly primary: Primary,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly store: TokensStore,
    private readonly database: Database,
  ) {}

  /**
   * An access token of the account that is good for a while.
   *
   * @throws AntipodeError `unauthenticated` where the account is not linked, or its link is broken;
   *   `primary_*`, `service_unavailable`, `busy`, `not_connected` where there is no telling.
   */
  async use(accountId: string, wish: UseToken = {}): Promise<string> {
    await this.writeDown(accountId);
    const stored = readable(await this.store.find(accountId));
    if (isGood(stored, wish)) return stored.accessToken;
    return this.flights.run(`${accountId} ${wish.refused ?? ''}`, () => this.renewAlone(accountId, wish));
  }

  /**
   * Asks the primary with a token of the account, and once more with another where it refuses the first.
   *
   * @throws AntipodeError like `use`, and what `ask` throws.
   */
  async ask<T>(
    accountId: string,
    ask: (accessToken: string) => Promise<T>,
    wish: Pick<UseToken, 'aheadMs'> = {},
  ): Promise<T> {
    const token = await this.use(accountId, wish);
    try {
      return await ask(token);
    } catch (error) {
      // Good by the clock, refused by the primary: taken back, or the clocks differ. The refresh tells.
      if (!isAntipodeError(error) || error.code !== 'unauthenticated') throw error;
      return ask(await this.use(accountId, { refused: token }));
    }
  }

  private async renewAlone(accountId: string, wish: UseToken): Promise<string> {
    const token = await this.database.alone(`account ${accountId}`, WAIT_FOR_OTHERS_MS, async () => {
      const stored = readable(await this.store.find(accountId));
      // Somebody else may have renewed it while we waited.
      return isGood(stored, wish) ? stored.accessToken : this.renew(accountId, stored, wish);
    });
    if (token === undefined) throw new AntipodeError('busy', 'waiting for an account to be renewed');
    return token;
  }

  private async renew(accountId: string, stored: StoredTokens, wish: UseToken): Promise<string> {
    const oauth = this.oauth();
    await this.store.noteRefreshSent(accountId, stored.seal);
    let mayBeUsedUp = stored.refreshSentAt !== undefined;
    for (;;) {
      const askedAt = Date.now();
      try {
        const grant = await oauth.refresh(stored.refreshToken);
        this.unwritten.set(accountId, { seal: stored.seal, grant, askedAt });
        await this.writeDown(accountId);
        return grant.accessToken;
      } catch (error) {
        const known = toAntipodeError(error, 'renewing a token');
        const isFirstLoss = known.code === 'primary_unavailable' && !mayBeUsedUp;
        if (!isFirstLoss) return this.refused(accountId, stored, wish, { error: known, mayBeUsedUp });
        // Once more at once: the old token is good for a little while after its use.
        mayBeUsedUp = true;
      }
    }
  }

  /** The primary gave no new tokens: either there is no telling, and the old ones stand, or the link is broken. */
  private async refused(
    accountId: string,
    stored: StoredTokens,
    wish: UseToken,
    { error, mayBeUsedUp }: { readonly error: AntipodeError; readonly mayBeUsedUp: boolean },
  ): Promise<string> {
    if (error.code !== 'denied') {
      const stillGood = stored.accessExpiresAt.getTime() > Date.now() && wish.refused !== stored.accessToken;
      if (stillGood) return stored.accessToken;
      throw error;
    }
    const why = mayBeUsedUp ? 'lost' : 'revoked';
    if (await this.store.breakLink(accountId, stored.seal, why))
      this.logger.info({ accountId, why }, 'a link is broken');
    throw notLinked();
  }

  /**
   * Writes down tokens that only this process has.
   *
   * @throws AntipodeError `service_unavailable`; they are kept, and tried again.
   */
  private async writeDown(accountId: string): Promise<void> {
    const waiting = this.unwritten.get(accountId);
    if (!waiting) return;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.store.keep(accountId, waiting.seal, waiting.grant, waiting.askedAt);
        if (this.unwritten.get(accountId) === waiting) this.unwritten.delete(accountId);
        return;
      } catch (error) {
        if (attempt >= WRITE_ATTEMPTS) throw error;
        await sleep(WRITE_RETRY_MS);
      }
    }
  }

  private oauth(): OAuth {
    if (this.primary.oauth) return this.primary.oauth;
    throw new AntipodeError('not_connected', 'using a linked account', {}, { hint: 'Linking is off.' });
  }
}

function readable(stored: StoredTokens | undefined): StoredTokens {
  if (stored?.state.kind === 'linked') return stored;
  throw notLinked();
}

const notLinked = (): AntipodeError => new AntipodeError('unauthenticated', 'using a linked account');

const isGood = (stored: StoredTokens, { aheadMs = MARGIN_MS, refused }: UseToken): boolean =>
  stored.accessExpiresAt.getTime() > Date.now() + aheadMs && stored.accessToken !== refused;
