import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { CONFIG, webhookBase, type RegistryConfig } from '../config.js';
import type { Connection } from '../generated/prisma/client.js';
import type { connectionSchema } from '../rest/schemas.js';
import { ConnectionService } from './connection.service.js';

export type ConnectionAnswer = z.infer<typeof connectionSchema>;

/** The tie to the primary in words for people. */
@Injectable()
export class ConnectionView {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly connection: ConnectionService,
  ) {}

  describe(row: Connection): ConnectionAnswer {
    const { primary, workspace } = this.connection;
    return {
      state: this.state(row),
      primary: { kind: primary.kind, name: primary.displayName },
      workspace: workspace ?? null,
      checkedAt: row.checkedAt?.toISOString() ?? null,
      error: row.errorCode === null ? null : { code: row.errorCode, message: row.error ?? '' },
      webhook: this.webhook(row),
    };
  }

  private state(row: Connection): ConnectionAnswer['state'] {
    if (!this.connection.isConfigured) return 'unconnected';
    // A primary that lists nothing is not asked before the first repository is.
    if (!this.connection.primary.discovery) return 'connected';
    if (row.errorCode !== null) return 'failing';
    return row.checkedAt ? 'connected' : 'unchecked';
  }

  private webhook(row: Connection): ConnectionAnswer['webhook'] {
    const active = row.hookPrimaryId !== null && row.hookErrorCode === null;
    return {
      state: active ? 'active' : 'polling',
      reason: active ? null : this.whyPolling(row),
      url: active ? row.hookUrl : null,
    };
  }

  private whyPolling(row: Connection): string {
    if (!this.connection.primary.webhooks) return `${this.connection.primary.displayName} sends no webhooks.`;
    if (webhookBase(this.config) === undefined) return 'Neither WEBHOOK_URL nor PUBLIC_URL is set.';
    return row.hookError ?? 'The webhook has not been created yet.';
  }
}
