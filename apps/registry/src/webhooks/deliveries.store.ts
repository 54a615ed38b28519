import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { WebhookEvent } from '@antipode/primary';
import { Database } from '../database/database.js';

const REMEMBER_MS = 86_400_000;
const BATCH = 100;

export interface Delivery {
  readonly key: string;
  readonly kind: WebhookEvent['kind'];
  readonly repositoryId: string | null;
  readonly traceparent: string | null;
}

/** Webhook deliveries of the last day. */
@Injectable()
export class DeliveriesStore {
  constructor(private readonly database: Database) {}

  /**
   * Writes a delivery down, so that it survives a crash; gives undefined where it is known already.
   *
   * Known means: same id and same body. The id alone is not enough, because whether attempts share one is not
   * documented; the body alone is not, because two pushes may look alike.
   */
  async remember(
    event: WebhookEvent,
    body: Buffer,
    traceparent: string | undefined,
  ): Promise<Delivery | undefined> {
    const key = createHash('sha256').update(event.deliveryId).update('\0').update(body).digest('hex');
    const delivery = {
      key,
      kind: event.kind,
      repositoryId: event.repositoryId ?? null,
      traceparent: traceparent ?? null,
    };
    const { count } = await this.database.prisma.delivery.createMany({
      data: [delivery],
      skipDuplicates: true,
    });
    return count === 1 ? delivery : undefined;
  }

  /** Undefined where none came within a day. */
  async lastReceivedAt(): Promise<Date | undefined> {
    const { _max } = await this.database.prisma.delivery.aggregate({ _max: { receivedAt: true } });
    return _max.receivedAt ?? undefined;
  }

  async handled(keys: readonly string[]): Promise<void> {
    await this.database.prisma.delivery.updateMany({
      where: { key: { in: [...keys] } },
      data: { handledAt: new Date() },
    });
  }

  /** Deliveries that nobody has worked off, `olderThanMs` after they came: Redis was away, or an instance died. */
  async unhandled(olderThanMs: number): Promise<Delivery[]> {
    const rows = await this.database.prisma.delivery.findMany({
      where: { handledAt: null, receivedAt: { lt: new Date(Date.now() - olderThanMs) } },
      orderBy: { receivedAt: 'asc' },
      take: BATCH,
    });
    return rows as Delivery[];
  }

  async forgetOld(): Promise<void> {
    await this.database.prisma.delivery.deleteMany({
      where: { receivedAt: { lt: new Date(Date.now() - REMEMBER_MS) } },
    });
  }
}
