import { Inject, Injectable } from '@nestjs/common';
import pg from 'pg';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type RegistryConfig } from '../config.js';

const RECONNECT_MS = 500;

/** @param payload undefined after each (re)connection: what happened meanwhile was not heard. */
type OnNews = (payload: string | undefined) => void;

/** Hears Postgres' NOTIFY, on one connection for all channels: another instance (or this one) has changed something. */
@Injectable()
export class ChangeListener {
  private readonly channels = new Map<string, OnNews>();
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async listen(channel: string, onNews: OnNews): Promise<void> {
    this.channels.set(channel, onNews);
    // A connection that is being made may have asked for its channels already; asking twice is harmless.
    if (this.client) await this.hear(this.client, channel).catch(() => undefined);
    else await this.connect();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    if (this.closed) return;
    const client = new pg.Client({
      connectionString: this.config.DATABASE_URL,
      keepAlive: true,
      application_name: 'antipode-registry-listen',
    });
    this.client = client;
    let lost = false;
    const onLost = (error?: Error): void => {
      if (lost || this.closed) return;
      lost = true;
      this.logger.debug({ err: error }, 'no longer hears changes; will reconnect');
      client.end().catch(() => undefined);
      this.timer = setTimeout(() => void this.connect(), RECONNECT_MS);
    };
    client.on('error', onLost);
    client.on('end', () => onLost());
    client.on('notification', ({ channel, payload = '' }) => this.channels.get(channel)?.(payload));
    try {
      await client.connect();
      for (const channel of this.channels.keys()) await this.hear(client, channel);
    } catch (error) {
      onLost(error as Error);
    }
  }

  private async hear(client: pg.Client, channel: string): Promise<void> {
    await client.query(`LISTEN ${channel}`);
    this.channels.get(channel)?.(undefined);
  }
}
