import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@antipode/blob-store';
import type { LfsObject } from '@antipode/lfs-wire';
import type { Knowledge, Source } from '../objects/objects.js';
import { BLOBS } from '../tokens.js';
import { Links } from './links.js';
import { News } from './news.js';
import { StoredStore } from './stored.store.js';
import { UploadProofs } from './upload-proofs.js';

/** What is known of objects, for whoever moves their bytes. */
@Injectable()
export class KnowledgeService implements Knowledge {
  constructor(
    private readonly stored: StoredStore,
    private readonly links: Links,
    private readonly uploads: UploadProofs,
    private readonly news: News,
    @Inject(BLOBS) private readonly blobs: BlobStore,
  ) {}

  sourceOf(repositoryId: string, object: LfsObject): Source {
    return { link: ({ fresh }, signal) => this.links.get(repositoryId, object, { fresh, signal }) };
  }

  async kept(object: LfsObject): Promise<void> {
    const isThere = async (): Promise<boolean> => (await this.blobs.sizeOf(object.oid)) === object.size;
    const kept = await this.stored.keep(object, isThere);
    if (!kept) return;
    this.news.changed(kept.owners);
    if (kept.isWantedElsewhere) this.news.emit('wanted');
  }

  async lost(oid: string): Promise<void> {
    if (await this.stored.lose(oid)) this.news.emit('wanted');
    this.news.changed(await this.stored.ownersOf(oid));
  }

  proved(repositoryId: string, object: LfsObject): Promise<void> {
    return this.uploads.prove(repositoryId, object);
  }
}
