import { Inject, Injectable } from '@nestjs/common';
import pg from 'pg';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type RegistryConfig } from '../config.js';
import { CHANGES } from './names.js';

const RECONNECT_MS = 500;

/** Hears Postgres' NOTIFY: another instance (or this one) has changed the table of repositories. */
@Injectable()
export class ChangeListener {
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @param onChange also called after each (re)connection: what happened meanwhile was not heard. */
  async listen(onChange: () => void): Promise<void> {
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
      this.timer = setTimeout(() => void this.listen(onChange), RECONNECT_MS);
    };
    client.on('error', onLost);
    client.on('end', () => onLost());
    client.on('notification', onChange);
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANGES}`);
      onChange();
    } catch (error) {
      onLost(error as Error);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }
}
