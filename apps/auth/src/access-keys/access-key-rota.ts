import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { toAntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { AccessKeyReader, isForbidden } from './access-key-reader.js';
import { AccessKeySource } from './access-key-source.js';
import { AccessKeyTurns } from './access-key-turns.js';

const IDLE_MS = 5000;
const PAUSE_MS = 250;
/** Until the registry has told which repositories there are. */
const WAITING_MS = 200;
/** A primary that does not let us list access keys will not change its mind within a minute. */
const FORBIDDEN_PAUSE_MS = 600_000;

/**
 * Reads the access keys of all selected repositories and their projects by and by: project by project and repository by
 * repository in turn, the one first that was read longest ago, within the budget of calls. All instances share both.
 */
@Injectable()
export class AccessKeyRota implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly source: AccessKeySource,
    private readonly turns: AccessKeyTurns,
    private readonly reader: AccessKeyReader,
  ) {}

  onApplicationBootstrap(): void {
    if (this.source.isOn) this.running = this.goOn();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  private async goOn(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      const pauseMs = await this.step().catch((error: unknown) => this.failed(error));
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @returns how long to wait before the next step, in milliseconds */
  private async step(): Promise<number> {
    const list = await this.turns.next();
    if (!list) return this.turns.isReady ? IDLE_MS : WAITING_MS;
    await this.reader.read(list);
    return PAUSE_MS;
  }

  private failed(error: unknown): number {
    if (this.closing.signal.aborted) return 0;
    const known = toAntipodeError(error, 'reading access keys');
    if (known.code === 'service_unavailable') return IDLE_MS;
    this.logger.warn({ err: known }, 'access keys could not be read; those that are known stay');
    return isForbidden(known) ? FORBIDDEN_PAUSE_MS : IDLE_MS;
  }
}
