import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { killOrphans } from '@antipode/git-process';
import { MirrorWriter } from '@antipode/mirror-disk';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import { SelectionService } from './schedule/selection.service.js';

/**
 * What must be done before any port opens and any job is taken: clear what a killed predecessor left, learn what is
 * selected.
 *
 * Redis is no condition for being ready: without it clones wait, but readers' EnsureFresh works.
 */
@Injectable()
export class SyncStart implements OnModuleInit {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly writer: MirrorWriter,
    private readonly selection: SelectionService,
    health: HealthChecks,
  ) {
    health.add('table', () => {
      if (!selection.isKnown) throw new Error('the registry has not told yet which repositories to mirror');
    });
  }

  async onModuleInit(): Promise<void> {
    const killed = await killOrphans(`sync of ${this.writer.disk.root}`);
    if (killed > 0) this.logger.warn({ killed }, 'ended git processes of a predecessor');
    await this.writer.sweepLeftovers();
    await this.selection.follow();
  }
}
