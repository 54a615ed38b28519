import { Injectable } from '@nestjs/common';
import { ConnectionStore } from '../../connection/connection.store.js';
import { ConnectionView, type ConnectionAnswer } from '../../connection/connection-view.js';
import { DeliveriesStore } from '../../webhooks/deliveries.store.js';

/** The connection as the home page shows it. */
@Injectable()
export class ConnectionReader {
  constructor(
    private readonly deliveries: DeliveriesStore,
    private readonly store: ConnectionStore,
    private readonly view: ConnectionView,
  ) {}

  async read(): Promise<ReturnType<ConnectionView['describe']>> {
    return this.view.describe(await this.store.read());
  }

  async webhook(): Promise<ConnectionAnswer['webhook']> {
    const [{ webhook }, last] = await Promise.all([this.read(), this.deliveries.lastReceivedAt()]);
    return { ...webhook, lastDeliveryAt: last?.toISOString() ?? null };
  }
}
