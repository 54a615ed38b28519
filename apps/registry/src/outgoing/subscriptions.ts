import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import { openSecret, sealSecret } from '@antipode/postgres';
import type { Initiator } from '../audit/initiator.js';
import { AuditStore } from '../audit/audit.store.js';
import { CONFIG, type RegistryConfig } from '../config.js';
import type { WebhookSubscription } from '../generated/prisma/client.js';
import { PING } from './outgoing-event.js';
import type { subscribeSchema } from './outgoing-schemas.js';
import { OutgoingStore, type Attempt } from './outgoing.store.js';
import { isOwnAddress } from './own-networks.js';
import { openAgent, OWN_NETWORK_HINT, postEvent } from './post-event.js';

const MOST = 50;

/** Who is told of what happens here: an administrator decides. */
@Injectable()
export class Subscriptions implements OnApplicationShutdown {
  private readonly agent: ReturnType<typeof openAgent>;

  constructor(
    private readonly audit: AuditStore,
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly store: OutgoingStore,
  ) {
    this.agent = openAgent(config.OUTGOING_OWN_NETWORKS);
  }

  list(): Promise<WebhookSubscription[]> {
    return this.store.subscriptions();
  }

  /** @throws AntipodeError `not_found` */
  async find(id: string): Promise<WebhookSubscription> {
    const found = await this.store.find(id);
    if (found) return found;
    const hint = 'There is no such webhook.';
    throw new AntipodeError('not_found', 'finding a webhook', {}, { hint });
  }

  /**
   * @throws AntipodeError `conflict` where there are too many, `invalid` for an address of this machine; where a name leads is
   *   looked at with each delivery.
   */
  async add(wanted: z.infer<typeof subscribeSchema>, by: Initiator): Promise<WebhookSubscription> {
    const { url, active } = wanted;
    if (this.config.OUTGOING_OWN_NETWORKS === 'refuse' && isOwnAddress(new URL(url).hostname))
      throw new AntipodeError('invalid', 'adding a webhook', {}, { hint: OWN_NETWORK_HINT });
    const events = [...new Set(wanted.events)];
    const secret = sealSecret(wanted.secret, this.config.SECRET_KEY) as Uint8Array<ArrayBuffer>;
    return this.store.change(async (transaction) => {
      if ((await transaction.webhookSubscription.count()) >= MOST) {
        const hint = `There are ${MOST} webhooks already; delete one first.`;
        throw new AntipodeError('conflict', 'adding a webhook', {}, { hint });
      }
      const added = await transaction.webhookSubscription.create({
        data: { id: randomUUID(), url, active, events, secret },
      });
      const after = { origin: originOf(url), events, active };
      await this.audit.add(transaction, {
        action: 'webhook.added',
        by,
        subject: added.id,
        before: null,
        after,
      });
      return added;
    });
  }

  /** What it has not been told yet, it is not told any more. @throws AntipodeError `not_found` */
  async remove(id: string, by: Initiator): Promise<void> {
    const { url, events, active } = await this.find(id);
    await this.store.change(async (transaction) => {
      const { count } = await transaction.webhookSubscription.deleteMany({ where: { id } });
      const before = { origin: originOf(url), events, active };
      // Of two who delete it, one has.
      if (count > 0)
        await this.audit.add(transaction, {
          action: 'webhook.removed',
          by,
          subject: id,
          before,
          after: null,
        });
    });
  }

  /** Tries it once, now. @throws AntipodeError `not_found` */
  async ping(id: string): Promise<Attempt> {
    const { url, secret } = await this.find(id);
    const post = {
      url,
      id: randomUUID(),
      event: PING,
      body: JSON.stringify({ test: true }),
      secret: openSecret(secret, this.config.SECRET_KEY),
    };
    return postEvent(this.agent, post, new AbortController().signal);
  }

  onApplicationShutdown(): Promise<void> {
    return this.agent.close();
  }
}

/** There may be a token in the rest, and the log is for ever. */
const originOf = (url: string): string => new URL(url).origin;
