import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { BlobStore } from '@antipode/blob-store';
import type { lfs } from '@antipode/contracts';
import { openTicketKey, writeTicket, type LfsAction, type LfsObject } from '@antipode/lfs-wire';
import { LOGGER, type Logger } from '@antipode/service-kit';
import type { LfsConfig } from '../config.js';
import { linkLifeMs } from '../knowledge/link-life.js';
import { KNOWLEDGE, type Knowledge } from '../objects/objects.js';
import { BLOBS, LFS_CONFIG } from '../tokens.js';
import { sealAction, SEALED_ACTION_HEADER } from '../uploads/sealed-action.js';

/** Proxies and servers take so much in one header's line, and not more. */
const LONGEST_SEALED = 7000;
/** Telling that an upload has ended comes after it, however long that took. */
const VERIFY_SECONDS = 6 * 3600;
/** Nobody of ours sees a bucket's 404: whether an object is there is looked at so often. */
const SEEN_MS = 600_000;
const MOST_SEEN = 100_000;

/** Links of ours, with their tickets. */
@Injectable()
export class OurLinks {
  private readonly key: ReturnType<typeof openTicketKey>;
  private readonly base: string;
  private readonly seen = new LRUCache<string, true>({ max: MOST_SEEN, ttl: SEEN_MS });

  constructor(
    @Inject(LFS_CONFIG) private readonly config: LfsConfig,
    @Inject(BLOBS) private readonly blobs: Pick<BlobStore, 'presign' | 'sizeOf'>,
    @Inject(KNOWLEDGE) private readonly knowledge: Pick<Knowledge, 'lost'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.key = openTicketKey(config.SECRET_KEY);
    this.base = config.PUBLIC_URL.replace(/\/+$/, '');
  }

  /** To what is kept: to the bucket itself, where clients can reach it; what is gone from there is brought again through us. */
  async kept(repositoryId: string, object: LfsObject): Promise<lfs.Action> {
    const href = await this.presign(object);
    if (href === undefined) return this.download(repositoryId, object);
    return { href, header: {}, expiresInSeconds: this.config.TICKET_SECONDS };
  }

  download(repositoryId: string, object: LfsObject): lfs.Action {
    return this.write('download', repositoryId, object, this.config.TICKET_SECONDS);
  }

  /**
   * In place of the primary's own link, which travels along where only we can read it.
   *
   * A link that is too long for that stays the primary's: the client then goes there by itself.
   */
  relay(kind: 'upload' | 'verify', repositoryId: string, object: LfsObject, theirs: LfsAction): lfs.Action {
    const lifeSeconds = Math.floor(linkLifeMs(theirs, Date.now()) / 1000);
    const isSaid = theirs.expires_in !== undefined || theirs.expires_at !== undefined;
    const { TICKET_SECONDS } = this.config;
    const ours = kind === 'verify' ? Math.max(TICKET_SECONDS, VERIFY_SECONDS) : TICKET_SECONDS;
    const seconds = isSaid ? Math.min(ours, lifeSeconds) : ours;
    const { oid, size } = object;
    const sealed = sealAction(theirs, this.config.SECRET_KEY, { kind, repositoryId, oid, size });
    if (sealed.length > LONGEST_SEALED)
      return { href: theirs.href, header: { ...theirs.header }, expiresInSeconds: seconds };
    const action = this.write(kind, repositoryId, object, seconds);
    return { ...action, header: { [SEALED_ACTION_HEADER]: sealed } };
  }

  private async presign(object: LfsObject): Promise<string | undefined> {
    const { LFS_S3_ENDPOINT, LFS_S3_PUBLIC_ENDPOINT, TICKET_SECONDS } = this.config;
    // An endpoint of one's own is inside unless somebody says how it is called outside.
    if (LFS_S3_ENDPOINT !== undefined && LFS_S3_PUBLIC_ENDPOINT === undefined) return undefined;
    try {
      if (!this.blobs.presign || !(await this.isThere(object))) return undefined;
      return await this.blobs.presign(object.oid, { expiresInSeconds: TICKET_SECONDS });
    } catch (error) {
      this.logger.warn({ err: error }, 'the bucket gives no links; objects go through us');
      return undefined;
    }
  }

  private async isThere({ oid, size }: LfsObject): Promise<boolean> {
    if (this.seen.has(oid)) return true;
    if ((await this.blobs.sizeOf(oid)) === size) {
      this.seen.set(oid, true);
      return true;
    }
    this.logger.warn({ oid }, 'the bucket has lost an object; it is brought again');
    await this.knowledge.lost(oid);
    return false;
  }

  private write(
    action: 'download' | 'upload' | 'verify',
    repositoryId: string,
    { oid, size }: LfsObject,
    seconds: number,
  ): lfs.Action {
    const expiresAt = Math.floor(Date.now() / 1000) + seconds;
    const path = writeTicket({ action, repositoryId, oid, size, expiresAt }, this.key);
    return { href: `${this.base}${path}`, header: {}, expiresInSeconds: seconds };
  }
}
