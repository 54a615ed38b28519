import { createHash } from 'node:crypto';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import type { BlobStore, ByteRange } from '@antipode/blob-store';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import type { LfsObject } from '@antipode/lfs-wire';
import type { Logger } from '@antipode/service-kit';
import type { ByteMetrics } from '../telemetry/byte-metrics.js';
import type { Arrivals } from './arrivals.js';
import { gently } from './gently.js';
import type { Knowledge, Objects, Source } from './objects.js';

export interface StoredObjectsOptions {
  readonly store: BlobStore;
  readonly arrivals: Arrivals;
  readonly knowledge: Pick<Knowledge, 'lost'>;
  readonly metrics: ByteMetrics;
  readonly logger: Logger;
}

/** What is kept comes from the store; the rest arrives. */
export class StoredObjects implements Objects {
  constructor(private readonly options: StoredObjectsOptions) {}

  async isHere(oid: string): Promise<boolean> {
    return (await this.options.store.sizeOf(oid)) !== undefined;
  }

  async bring(object: LfsObject, source: Source, signal: AbortSignal): Promise<void> {
    if ((await this.options.store.sizeOf(object.oid)) === object.size) return;
    await this.options.arrivals.bring(object, source, signal);
  }

  async open(
    object: LfsObject,
    source: Source,
    range: ByteRange = { first: 0, last: object.size - 1 },
    signal?: AbortSignal,
  ): Promise<Readable> {
    const { arrivals, metrics } = this.options;
    const asked = { object, source, range, signal };
    const kept = await this.read(object, range);
    if (kept === 'unreachable') return arrivals.passThrough(asked);
    metrics.read(kept ? 'hit' : 'miss');
    const stream = kept ?? (await arrivals.open(asked));
    // Who leaves early has cost nobody much, and saved nothing.
    return stream.once('end', () =>
      metrics.sentBytes(range.last - range.first + 1, kept ? 'kept' : 'absent'),
    );
  }

  remove(oid: string): Promise<void> {
    return this.options.store.remove(oid);
  }

  async check(object: LfsObject, bytesPerSecond: number, signal: AbortSignal): Promise<boolean> {
    const { store, knowledge, logger } = this.options;
    const state = await this.stateOf(object, bytesPerSecond, signal);
    if (state === 'right') return true;
    if (state !== 'absent')
      logger.error({ oid: object.oid, state }, 'a kept object was damaged; it is fetched again');
    await store.remove(object.oid);
    await knowledge.lost(object.oid);
    return false;
  }

  /** A store that is away is no reason to refuse what the primary has. */
  private async read(
    object: LfsObject,
    { first, last }: ByteRange,
  ): Promise<Readable | 'unreachable' | undefined> {
    try {
      if ((await this.options.store.sizeOf(object.oid)) !== object.size) return undefined;
      // An empty object has no range that a file could be read by.
      return await this.options.store.read(object.oid, object.size === 0 ? undefined : { first, last });
    } catch (error) {
      if (!isAntipodeError(error) || error.code !== 'service_unavailable') throw error;
      this.options.logger.warn({ err: error }, 'the store for objects is away; passing through');
      return 'unreachable';
    }
  }

  /** @throws whatever else keeps it from being read: that says nothing about its bytes. */
  private async stateOf(
    object: LfsObject,
    bytesPerSecond: number,
    signal: AbortSignal,
  ): Promise<'right' | 'wrong' | 'unreadable' | 'absent'> {
    try {
      const stream = await this.options.store.read(object.oid);
      if (!stream) return 'absent';
      return (await this.isRight(stream, object, bytesPerSecond, signal)) ? 'right' : 'wrong';
    } catch (error) {
      if (!UNREADABLE.has(-((error as NodeJS.ErrnoException).errno ?? 0))) throw error;
      return 'unreadable';
    }
  }

  private async isRight(
    stream: Readable,
    { oid, size }: LfsObject,
    bytesPerSecond: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of gently(stream, bytesPerSecond, signal)) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    if (signal.aborted) throw new AntipodeError('cancelled', 'checking an object');
    return bytes === size && hash.digest('hex') === oid;
  }
}

const EUCLEAN = 117;
/** What a disk or its file system says that has lost the bytes for good; Node knows no name for all of them. */
const UNREADABLE: ReadonlySet<number> = new Set([constants.errno.EIO, constants.errno.EBADMSG, EUCLEAN]);
