import { randomBytes, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { isRefusal, toAntipodeError } from '@antipode/errors';
import { openSecret, sealSecret } from '@antipode/postgres';
import type { ConnectionCredential, Webhooks } from '@antipode/primary';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, webhookBase, type RegistryConfig } from '../config.js';
import { ConnectionService } from '../connection/connection.service.js';
import { ConnectionStore } from '../connection/connection.store.js';
import { pauseAfter } from './pause-after.js';
import { removeWebhooks } from './remove-webhooks.js';

const SECRET_BYTES = 32;

interface Hook {
  readonly id: string;
  readonly url: string;
  readonly secret: string;
}

/** This mirror's webhook on the primary. Without one the mirror lives by its sweep: slower, never wrong. */
@Injectable()
export class WebhookSubscription {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly connection: ConnectionService,
    private readonly store: ConnectionStore,
  ) {}

  /** Creates or repairs the webhook where it is time to. Never fails: the reason is kept for `/connection`. */
  async ensureDue(signal: AbortSignal): Promise<void> {
    const { webhooks } = this.connection.primary;
    const base = webhookBase(this.config);
    if (!webhooks || base === undefined) return;
    const { hookCheckedAt, hookErrorCode, hookUrl } = await this.store.read();
    const moved = hookUrl !== null && !hookUrl.startsWith(`${base}/`);
    if (!moved && hookCheckedAt && Date.now() - hookCheckedAt.getTime() < pauseAfter(hookErrorCode)) return;
    await this.ensure(webhooks, base, signal);
  }

  /** The webhook that a delivery may name; undefined where it is not ours. */
  async find(id: string): Promise<Hook | undefined> {
    const row = await this.store.read();
    if (row.hookId === null || row.hookId !== id || !row.hookSecret || !row.hookUrl) return undefined;
    return { id, url: row.hookUrl, secret: openSecret(row.hookSecret, this.config.SECRET_KEY) };
  }

  private async ensure(webhooks: Webhooks, base: string, signal: AbortSignal): Promise<void> {
    try {
      const credential = await this.connection.credential();
      await this.removeMoved(webhooks, { base, credential }, signal);
      const hook = await this.hook(base);
      if (await this.isSwitchedOff(webhooks, { credential, url: hook.url }, signal)) {
        await this.store.update({ hookDisabled: true, hookCheckedAt: new Date() });
        return;
      }
      const { id } = await webhooks.ensure({ credential, url: hook.url, secret: hook.secret }, signal);
      await this.store.update({
        hookPrimaryId: id,
        hookDisabled: false,
        hookErrorCode: null,
        hookError: null,
        hookCheckedAt: new Date(),
      });
    } catch (error) {
      const known = toAntipodeError(error, 'creating the webhook');
      // Whoever is stopped in the middle has learnt nothing.
      if (known.code === 'cancelled' || signal.aborted) return;
      this.logger.warn({ err: known }, 'no webhook on the primary; changes are found by the sweep alone');
      await this.store.update({
        hookErrorCode: known.code,
        hookError: known.hint ?? known.message,
        hookCheckedAt: new Date(),
      });
    }
  }

  /** With the mirror's address the webhook's URL changes; the old one would go on sending to whoever is there now. */
  private async removeMoved(
    webhooks: Webhooks,
    { base, credential }: { base: string; credential: ConnectionCredential },
    signal: AbortSignal,
  ): Promise<void> {
    const { hookId, hookUrl } = await this.store.read();
    if (hookUrl === null || hookUrl === `${base}/${hookId}`) return;
    try {
      await removeWebhooks(webhooks, { credential, url: hookUrl }, signal);
    } catch (error) {
      const known = toAntipodeError(error, 'removing the webhook of the old address');
      if (!isRefusal(known.code)) throw known;
      this.logger.warn({ err: known }, 'the webhook of the old address may be left at the primary');
    }
    await this.store.update({ hookPrimaryId: null });
  }

  /** Whoever switched it off meant it; only connecting the mirror anew switches it on again. */
  private async isSwitchedOff(
    webhooks: Webhooks,
    what: { credential: ConnectionCredential; url: string },
    signal: AbortSignal,
  ): Promise<boolean> {
    if ((await this.store.read()).hookPrimaryId === null) return false;
    return (await webhooks.find(what, signal))?.active === false;
  }

  /** Id and secret are kept before the primary hears of them: its first delivery may come before its answer. */
  private async hook(base: string): Promise<Hook> {
    const { hookId, hookSecret } = await this.store.read();
    const id = hookId ?? randomUUID();
    const url = `${base}/${id}`;
    const secret = hookSecret ? this.open(hookSecret) : undefined;
    const kept = secret ?? randomBytes(SECRET_BYTES).toString('hex');
    await this.store.update({
      hookId: id,
      hookUrl: url,
      ...(secret ? {} : { hookSecret: sealSecret(kept, this.config.SECRET_KEY) as Uint8Array<ArrayBuffer> }),
    });
    return { id, url, secret: kept };
  }

  /** After a change of SECRET_KEY the old secret is lost; a new one repairs the webhook. */
  private open(sealed: Uint8Array): string | undefined {
    try {
      return openSecret(sealed, this.config.SECRET_KEY);
    } catch (error) {
      this.logger.warn({ err: error }, 'the webhook gets a new secret');
      return undefined;
    }
  }
}
