import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@antipode/blob-store';
import type { LfsObject } from '@antipode/lfs-wire';
import type { Knowledge, Source } from '../objects/objects.js';
import { BLOBS } from '../tokens.js';
import { BelongingsStore } from './belongings.store.js';
import { Links } from './links.js';
import { News } from './news.js';
import { StoredStore } from './stored.store.js';

/** What is known of objects, for whoever moves their bytes. */
@Injectable()
export class KnowledgeService implements Knowledge {
  constructor(
    private readonly belongings: BelongingsStore,
    private readonly stored: StoredStore,
    private readonly links: Links,
    private readonly news: News,
    @Inject(BLOBS) private readonly blobs: BlobStore,
  ) {}

  sourceOf(repositoryId: string, object: LfsObject): Source {
    return { link: ({ fresh }, signal) => this.links.get(repositoryId, object, { fresh, signal }) };
  }

  async kept(object: LfsObject): Promise<void> {
    const isThere = async (): Promise<boolean> => (await this.blobs.sizeOf(object.oid)) === object.size;
    if (!(await this.stored.keep(object, isThere))) return;
    this.news.changed(await this.belongings.ownersOf(object.oid));
    this.news.emit('wanted');
  }

  async lost(oid: string): Promise<void> {
    if (await this.stored.lose(oid)) this.news.emit('wanted');
    this.news.changed(await this.belongings.ownersOf(oid));
  }

  async proved(repositoryId: string, object: LfsObject): Promise<void> {
    await this.belongings.prove(repositoryId, [object]);
    this.news.changed([repositoryId]);
  }
}
