import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { LfsAction } from '@antipode/lfs-wire';
import { linkLifeMs } from './link-life.js';

const MOST_LINKS = 50_000;
/** A link with less than this left may be over when it is used. */
const TOO_SHORT_MS = 5000;

/** Download links of the primary's recent answers: in memory alone, since whoever has them needs no credential. */
@Injectable()
export class RememberedLinks {
  private readonly links = new LRUCache<string, LfsAction>({ max: MOST_LINKS });

  get(repositoryId: string, oid: string): LfsAction | undefined {
    return this.links.get(`${repositoryId}/${oid}`);
  }

  keep(repositoryId: string, oid: string, link: LfsAction): void {
    const ttl = linkLifeMs(link, Date.now()) - TOO_SHORT_MS;
    if (ttl > 0) this.links.set(`${repositoryId}/${oid}`, link, { ttl });
  }

  forget(repositoryId: string, oid: string): void {
    this.links.delete(`${repositoryId}/${oid}`);
  }

  forgetAll(repositoryId: string): void {
    for (const key of this.links.keys()) if (key.startsWith(`${repositoryId}/`)) this.links.delete(key);
  }
}
