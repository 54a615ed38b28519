import { statfs } from 'node:fs/promises';
import { AntipodeError } from '@antipode/errors';
import type { Blob } from './blob-store.js';

export interface RoomOptions {
  /** So much of the disk stays free, in bytes: a full disk stops more than this store. */
  readonly keepFreeBytes: number;
  /** Of all blobs together; absent: as much as fits. */
  readonly maxBytes?: number;
}

/**
 * Says whether there is room for more.
 *
 * What the store holds is counted once, in the background, and kept current from then on. Until the count is
 * through, less than the truth is known, so the quota may be exceeded by what comes in meanwhile.
 */
export class Room {
  private used = 0;
  private counting: Promise<void> | undefined;
  private closed = false;

  /** @param blobs all that the store holds. */
  constructor(
    private readonly folder: string,
    private readonly options: RoomOptions,
    private readonly blobs: () => AsyncIterable<Blob>,
  ) {}

  /** Only a quota needs the count. A store that is away is counted when somebody asks for room after that. */
  count(): void {
    if (this.options.maxBytes === undefined || this.closed) return;
    this.counting ??= this.countAll().catch(() => void (this.counting = undefined));
  }

  private async countAll(): Promise<void> {
    let counted = 0;
    for await (const { size } of this.blobs()) {
      if (this.closed) return;
      counted += size;
    }
    this.used += counted;
  }

  close(): void {
    this.closed = true;
  }

  /** @param bytes that came, or, below zero, that went. */
  changed(bytes: number): void {
    this.used += bytes;
  }

  /** @throws AntipodeError `disk_full`, `too_large`; see `BlobStore.requireRoom`. */
  async require(bytes: number, largest = bytes): Promise<void> {
    this.count();
    const { keepFreeBytes, maxBytes = Infinity } = this.options;
    const { bavail, blocks, bsize } = await statfs(this.folder);
    // A floor above the whole disk leaves no room for anything: that is no blob's fault.
    const place = Math.min(
      maxBytes,
      blocks * bsize > keepFreeBytes ? blocks * bsize - keepFreeBytes : Infinity,
    );
    if (largest > place) throw tooLarge({ size: largest, place });
    if (this.used + bytes > maxBytes) throw full('the quota is reached', { wanted: bytes, maxBytes });
    const free = bavail * bsize;
    if (free - bytes < keepFreeBytes)
      throw full('too little of the disk is free', { wanted: bytes, free, keepFreeBytes });
  }
}

const full = (why: string, context: Record<string, unknown>): AntipodeError =>
  new AntipodeError('disk_full', `making room for an object: ${why}`, context, { hint: FULL });

const tooLarge = (context: Record<string, unknown>): AntipodeError =>
  new AntipodeError('too_large', 'making room for an object', context, { hint: TOO_LARGE });

export const TOO_LARGE = 'The LFS object is larger than all of the storage for such objects.';
export const FULL = 'The storage for LFS objects is full.';
