import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { WebhookDelivery, WebhookSubscription } from '../generated/prisma/client.js';
import type { Transaction } from '../repositories/repositories.store.js';
import type { EventKey, OutgoingEvent } from './outgoing-event.js';

/** While an attempt is under way nobody else makes one; afterwards whoever made it must be dead. */
const LEASE_SECONDS = 60;
/** Whoever has not listened for so long is told of nothing more until some of it is through. */
const MOST_WAITING = 10_000;

export interface ClaimedDelivery {
  readonly id: string;
  readonly subscriptionId: string;
  readonly event: string;
  readonly body: string;
  readonly createdAt: Date;
  readonly attempts: number;
  readonly url: string;
  readonly secret: Uint8Array;
}

export type Attempt = { readonly status: number | null; readonly error: string | null };

/** Who is told, and what they have not been told yet. */
@Injectable()
export class OutgoingStore {
  constructor(private readonly database: Database) {}

  change<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.database.prisma.$transaction(work, { maxWait: 5000, timeout: 30_000 });
  }

  subscriptions(transaction: Transaction = this.database.prisma): Promise<WebhookSubscription[]> {
    return transaction.webhookSubscription.findMany({ orderBy: { createdAt: 'asc' } });
  }

  async find(id: string): Promise<WebhookSubscription | undefined> {
    return (await this.database.prisma.webhookSubscription.findUnique({ where: { id } })) ?? undefined;
  }

  /** Which of these somebody wants to hear. */
  async wanted(transaction: Transaction): Promise<Map<EventKey, string[]>> {
    const wanted = new Map<EventKey, string[]>();
    for (const { id, events, active } of await this.subscriptions(transaction))
      if (active) for (const key of events as EventKey[]) wanted.set(key, [...(wanted.get(key) ?? []), id]);
    return wanted;
  }

  /** Writes events down for those who want them, in their order; gives how many deliveries that makes. */
  async write(
    transaction: Transaction,
    events: readonly OutgoingEvent[],
    wanted: ReadonlyMap<EventKey, readonly string[]>,
  ): Promise<number> {
    const full = await this.full(transaction);
    const data = events.flatMap(({ key, topic, body }) =>
      (wanted.get(key) ?? []).map((subscriptionId) => ({
        id: randomUUID(),
        subscriptionId,
        topic,
        event: key,
        ...(full.has(subscriptionId)
          ? { state: 'given_up', error: 'Too many are waiting already.', endedAt: new Date() }
          : { body }),
      })),
    );
    const { count } = await transaction.webhookDelivery.createMany({ data });
    return count;
  }

  /** The next delivery that is due, for one attempt; none of `busy` subscriptions, and none before an older one of its topic. */
  async claim(busy: readonly string[]): Promise<ClaimedDelivery | undefined> {
    const rows = await this.database.prisma.$queryRaw<ClaimedDelivery[]>`
      UPDATE webhook_delivery d
      SET next_at = now() + make_interval(secs => ${LEASE_SECONDS}::int), attempts = d.attempts + 1
      FROM (
        SELECT w.id, s.url, s.secret FROM webhook_delivery w JOIN webhook_subscription s ON s.id = w.subscription_id
        WHERE w.state = 'waiting' AND w.next_at <= now() AND s.active AND s.id <> ALL (${[...busy]}::text[])
          AND NOT EXISTS (
            SELECT 1 FROM webhook_delivery o WHERE o.state = 'waiting' AND o.subscription_id = w.subscription_id
              AND o.topic = w.topic AND o.seq < w.seq)
        ORDER BY w.next_at, w.seq LIMIT 1 FOR UPDATE OF w SKIP LOCKED) due
      WHERE d.id = due.id
      RETURNING d.id, d.subscription_id AS "subscriptionId", d.event, coalesce(d.body, '') AS body,
        d.created_at AS "createdAt", d.attempts, due.url, due.secret`;
    return rows[0];
  }

  async delivered({ id }: ClaimedDelivery, { status }: Attempt): Promise<void> {
    await this.database.prisma.webhookDelivery.updateMany({
      where: { id, state: 'waiting' },
      data: { state: 'delivered', status, error: null, body: null, endedAt: new Date() },
    });
  }

  /** @param nextAt null: there will be no other attempt. */
  async failed({ id, attempts }: ClaimedDelivery, attempt: Attempt, nextAt: Date | null): Promise<void> {
    await this.database.prisma.webhookDelivery.updateMany({
      // Whoever took so long that another has begun meanwhile says nothing.
      where: { id, attempts, state: 'waiting' },
      data: {
        ...attempt,
        ...(nextAt ? { nextAt } : { state: 'given_up', body: null, endedAt: new Date() }),
      },
    });
  }

  /** The attempt was broken off by us: it does not count. */
  async release({ id, attempts }: ClaimedDelivery): Promise<void> {
    await this.database.prisma.webhookDelivery.updateMany({
      where: { id, attempts, state: 'waiting' },
      data: { attempts: attempts - 1, nextAt: new Date() },
    });
  }

  /** The newest first. */
  deliveries(subscriptionId: string, before: bigint | undefined, limit: number): Promise<WebhookDelivery[]> {
    return this.database.prisma.webhookDelivery.findMany({
      where: { subscriptionId, ...(before === undefined ? {} : { seq: { lt: before } }) },
      orderBy: { seq: 'desc' },
      take: limit,
    });
  }

  waiting(): Promise<number> {
    return this.database.prisma.webhookDelivery.count({ where: { state: 'waiting' } });
  }

  /** Deletes some of what was over before `moment`; gives how many. */
  prune(moment: Date, batch: number): Promise<number> {
    return this.database.prisma.$executeRaw`
      DELETE FROM webhook_delivery WHERE id IN (
        SELECT id FROM webhook_delivery WHERE state <> 'waiting' AND created_at < ${moment} LIMIT ${batch})`;
  }

  private async full(transaction: Transaction): Promise<Set<string>> {
    const rows = await transaction.$queryRaw<{ id: string }[]>`
      SELECT subscription_id AS id FROM webhook_delivery WHERE state = 'waiting'
      GROUP BY subscription_id HAVING count(*) >= ${MOST_WAITING}`;
    return new Set(rows.map(({ id }) => id));
  }
}
