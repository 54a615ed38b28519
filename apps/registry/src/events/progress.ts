import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ConnectionService } from '../connection/connection.service.js';
import type { Sight } from '../people/viewer.js';
import type { progressSchema } from './events-schemas.js';
import { ProgressStore } from './progress.store.js';

export type ProgressAnswer = z.infer<typeof progressSchema>;

/** How far the mirror has come with what somebody may see. */
@Injectable()
export class Progress {
  constructor(
    private readonly connection: ConnectionService,
    private readonly store: ProgressStore,
  ) {}

  async read(sight: Sight): Promise<ProgressAnswer> {
    const [discovering, counts] = await Promise.all([this.isDiscovering(), this.store.count(sight)]);
    const { total, synced, failing, part, receivedBytes } = counts;
    const nothing = discovering ? 0 : 100;
    return {
      discovering,
      repositories: { total, synced, failing },
      // 100 is only said when it is so.
      percent: total === 0 ? nothing : Math.floor(part * 100),
      receivedBytes,
    };
  }

  /** Whether repositories may be missing because the primary has not been asked since somebody chose. */
  async isDiscovering(): Promise<boolean> {
    return (await this.connection.isLiving()) && this.store.isBehind();
  }
}
