import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import { toAntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type SyncConfig } from '../config.js';
import { MirrorsService } from '../mirrors/mirrors.service.js';
import { LfsClientService } from './lfs-client.service.js';

const TICK_MS = 1000;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 300_000;

/** When something that failed so often is tried again (ms since 1970). */
const retryAt = (failures: number): number =>
  Date.now() + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + Math.random() / 2);

interface Late {
  readonly failures: number;
  readonly dueMs: number;
}

/**
 * Notes the large files that a run could not: the LFS service was away, sync was killed, or the repository was
 * mirrored by a version that knew no large files. One repository at a time, at low priority, until it is done.
 */
@Injectable()
export class CatchUpService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly late = new Map<RepositoryId, Late>();
  /** The LFS service itself. */
  private away: Late = { failures: 0, dueMs: 0 };
  private readonly ending = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: SyncConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly mirrors: MirrorsService,
    private readonly client: LfsClientService,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** What was not finished is found again after the next start. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.ending.abort();
    await this.working;
  }

  private tick(): void {
    this.working ??= this.catchUp().finally(() => (this.working = undefined));
  }

  private async catchUp(): Promise<void> {
    const lagging = new Set(this.mirrors.laggingLfs());
    for (const id of this.late.keys()) if (!lagging.has(id)) this.late.delete(id);
    for (const id of lagging) {
      if (this.ending.signal.aborted || this.away.dueMs > Date.now()) return;
      if ((this.late.get(id)?.dueMs ?? 0) <= Date.now()) await this.catchUpOne(id);
    }
  }

  private async catchUpOne(id: RepositoryId): Promise<void> {
    try {
      await this.mirrors.catchUpLfs(id, {
        signal: this.ending.signal,
        stallMs: this.config.CLONE_STALL_SECONDS * 1000,
        ready: () => this.reach(),
      });
      this.late.delete(id);
    } catch (error) {
      const failures = (this.late.get(id)?.failures ?? 0) + 1;
      this.late.set(id, { failures, dueMs: retryAt(failures) });
      const { code } = toAntipodeError(error, 'noting large files');
      this.logger.debug({ repository_id: id, code, failures, err: error }, 'large files not noted yet');
    }
  }

  /** A history is long; nobody looks through it for a service that is not there, nor through the next one's. */
  private async reach(): Promise<void> {
    try {
      await this.client.reach();
      this.away = { failures: 0, dueMs: 0 };
    } catch (error) {
      const failures = this.away.failures + 1;
      this.away = { failures, dueMs: retryAt(Math.min(failures, 4)) };
      throw error;
    }
  }
}
