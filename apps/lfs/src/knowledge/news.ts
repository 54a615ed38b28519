import { EventEmitter } from 'node:events';
import { Injectable } from '@nestjs/common';

interface NewsEvents {
  /** What is known of a repository's objects has changed. */
  changed: [repositoryId: string];
  /** What is known of many may have changed. */
  all: [];
  /** Something is due that was not. */
  wanted: [];
}

/** Tells the parts of this process what has changed in the tables; what other processes change is not told. */
@Injectable()
export class News extends EventEmitter<NewsEvents> {
  constructor() {
    super();
    this.setMaxListeners(1000);
  }

  changed(repositoryIds: Iterable<string>): void {
    for (const id of repositoryIds) this.emit('changed', id);
  }
}
