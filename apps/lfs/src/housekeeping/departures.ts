import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { SelectedRepositories } from '../registry/selected-repositories.js';
import { DepartedStore } from './departed.store.js';

/** Repositories that leave the selection keep what they have for a while, and those that come back have it still. */
@Injectable()
export class Departures {
  constructor(
    private readonly selected: SelectedRepositories,
    private readonly departed: DepartedStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Does nothing unless the registry itself says what is selected: with it away, nobody departs. */
  async look(graceHours: number): Promise<void> {
    if (!this.selected.isCertain) return;
    await this.departed.note(this.selected.ids());
    if (!this.selected.isCertain) return;
    const gone = await this.departed.forget(graceHours, this.selected.ids());
    if (gone > 0) this.logger.info({ gone }, 'the objects of departed repositories are theirs no more');
  }
}
