import { Injectable } from '@nestjs/common';
import { News } from '../knowledge/news.js';
import { WantedStore } from '../knowledge/wanted.store.js';
import { SelectedRepositories } from '../registry/selected-repositories.js';

/** Which selected repositories have something to bring, and when; not those whose large files wait until somebody asks. */
@Injectable()
export class DueRepositories {
  constructor(
    private readonly wanted: WantedStore,
    private readonly selected: SelectedRepositories,
    private readonly news: News,
  ) {}

  /** Calls back whenever something may be due that was not; returns what ends that. */
  watch(onChange: () => void): () => void {
    this.news.on('wanted', onChange);
    this.selected.on('changed', onChange);
    return () => {
      this.news.off('wanted', onChange);
      this.selected.off('changed', onChange);
    };
  }

  /**
   * Each with the milliseconds until its first object is due, beginning after `last`, so that all have their turn.
   *
   * @throws AntipodeError `service_unavailable`
   */
  async after(last: string): Promise<readonly (readonly [repositoryId: string, dueInMs: number])[]> {
    const due = [...(await this.wanted.repositories())]
      .filter(([id]) => this.selected.prefetches(id))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const next = due.findIndex(([id]) => id > last);
    return next < 0 ? due : [...due.slice(next), ...due.slice(0, next)];
  }
}
