import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { By, type Initiator } from '../audit/initiator.js';
import type { WebhookDelivery, WebhookSubscription } from '../generated/prisma/client.js';
import { AdminRoute } from '../rest/openapi.js';
import { validate } from '../rest/validate.js';
import {
  deliveriesQuery,
  deliveriesSchema,
  pingSchema,
  subscribeSchema,
  subscriptionSchema,
  subscriptionsSchema,
} from './outgoing-schemas.js';
import { OutgoingStore } from './outgoing.store.js';
import { isDelivered } from './post-event.js';
import { Subscriptions } from './subscriptions.js';

type SubscriptionAnswer = z.infer<typeof subscriptionSchema>;
type DeliveryAnswer = z.infer<typeof deliveriesSchema>['values'][number];

const ID = { id: "The webhook's id." };
const removedSchema = z.object({ removed: z.literal(true) });

/** Who is told of what happens here. The primary's own webhook, by which we hear of pushes, is not among them. */
@ApiTags('webhooks')
@Controller('-/api/v1/webhooks')
export class OutgoingController {
  constructor(
    private readonly store: OutgoingStore,
    private readonly subscriptions: Subscriptions,
  ) {}

  @Get()
  @AdminRoute({ summary: 'Lists the outgoing webhooks', answer: subscriptionsSchema })
  async list(): Promise<z.infer<typeof subscriptionsSchema>> {
    return { values: (await this.subscriptions.list()).map(describe) };
  }

  @Post()
  @AdminRoute({
    summary: 'Adds an outgoing webhook',
    body: subscribeSchema,
    status: 201,
    answer: subscriptionSchema,
    problems: [400, 409],
  })
  async add(@Body() body: unknown, @By() by: Initiator): Promise<SubscriptionAnswer> {
    return describe(await this.subscriptions.add(validate(subscribeSchema, body), by));
  }

  @Get(':id')
  @AdminRoute({
    summary: 'Shows an outgoing webhook',
    params: ID,
    answer: subscriptionSchema,
    problems: [404],
  })
  async show(@Param('id') id: string): Promise<SubscriptionAnswer> {
    return describe(await this.subscriptions.find(id));
  }

  @Delete(':id')
  @AdminRoute({
    summary: 'Removes an outgoing webhook, with what it has not been told yet',
    params: ID,
    answer: removedSchema,
    problems: [404],
  })
  async remove(@Param('id') id: string, @By() by: Initiator): Promise<z.infer<typeof removedSchema>> {
    await this.subscriptions.remove(id, by);
    return { removed: true };
  }

  @Post(':id/ping')
  @HttpCode(200)
  @AdminRoute({
    summary: 'Tries an outgoing webhook once, now (diagnostics:ping)',
    params: ID,
    answer: pingSchema,
    problems: [404],
  })
  async ping(@Param('id') id: string): Promise<z.infer<typeof pingSchema>> {
    const { status, error } = await this.subscriptions.ping(id);
    return { delivered: isDelivered(status), status, error };
  }

  @Get(':id/deliveries')
  @AdminRoute({
    summary: 'Lists what an outgoing webhook was told, and what waits; the newest first, page by page',
    params: ID,
    query: deliveriesQuery,
    answer: deliveriesSchema,
    problems: [400, 404],
  })
  async deliveries(
    @Param('id') id: string,
    @Query() query: unknown,
  ): Promise<z.infer<typeof deliveriesSchema>> {
    const { cursor, limit } = validate(deliveriesQuery, query);
    await this.subscriptions.find(id);
    const before = cursor === undefined ? undefined : BigInt(cursor);
    const rows = await this.store.deliveries(id, before, limit + 1);
    const shown = rows.slice(0, limit);
    return {
      values: shown.map(describeDelivery),
      next: rows.length > limit ? (shown.at(-1)?.seq.toString() ?? null) : null,
    };
  }
}

const describe = ({ id, url, events, active, createdAt }: WebhookSubscription): SubscriptionAnswer => ({
  id,
  url,
  events: events as SubscriptionAnswer['events'],
  active,
  createdAt: createdAt.toISOString(),
});

const describeDelivery = (row: WebhookDelivery): DeliveryAnswer => ({
  id: row.id,
  event: row.event,
  repositoryId: row.topic,
  state: row.state as DeliveryAnswer['state'],
  createdAt: row.createdAt.toISOString(),
  attempts: row.attempts,
  status: row.status,
  error: row.error,
  nextAt: row.state === 'waiting' ? row.nextAt.toISOString() : null,
  endedAt: row.endedAt?.toISOString() ?? null,
});
