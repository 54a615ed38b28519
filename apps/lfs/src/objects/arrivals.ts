import type { Readable } from 'node:stream';
import type { BlobStore, ByteRange } from '@antipode/blob-store';
import { isRefusal, toAntipodeError } from '@antipode/errors';
import type { LfsObject } from '@antipode/lfs-wire';
import type { Logger } from '@antipode/service-kit';
import type { ByteMetrics } from '../telemetry/byte-metrics.js';
import { Arrival } from './arrival.js';
import { begun, toStream, unlessAborted } from './byte-stream.js';
import { download, type DownloadOptions } from './download.js';
import { HELD_BACK_BYTES } from './held-back.js';
import type { Source } from './objects.js';
import { readArrival } from './read-arrival.js';
import type { Room } from './room.js';
import { Slots } from './slots.js';
import { verifiedRest } from './verified-rest.js';
import { Verifier } from './verifier.js';

const DOING = 'opening an object';

export interface ArrivalsOptions {
  readonly store: Pick<BlobStore, 'incomingFolder' | 'adopt'>;
  readonly room: Room;
  readonly download: DownloadOptions;
  readonly onKept: (object: LfsObject) => Promise<void>;
  readonly metrics: ByteMetrics;
  readonly logger: Logger;
  /** How many at once for nobody in particular, and how many for people who wait. */
  readonly concurrency: { readonly background: number; readonly callers: number };
  readonly lingerMs: number;
}

export interface AskedObject {
  readonly object: LfsObject;
  readonly source: Source;
  readonly range: ByteRange;
  readonly signal: AbortSignal | undefined;
}

interface Coming {
  readonly arrival: Arrival;
  /** Somebody waits for it in person now. */
  readonly hurry: () => void;
}

/** There is no room for it, now or ever; it can be had all the same. */
const isUnkeepable = (error: unknown): boolean =>
  ['disk_full', 'too_large'].includes(toAntipodeError(error, DOING).code);

/** Everything that is on its way in: one download for each object, whoever waits. */
export class Arrivals {
  private readonly coming = new Map<string, Coming>();
  private readonly background: Slots;
  private readonly callers: Slots;

  constructor(private readonly options: ArrivalsOptions) {
    this.background = new Slots(options.concurrency.background);
    this.callers = new Slots(options.concurrency.callers);
  }

  /** @throws AntipodeError like `Objects.bring`. */
  async bring(object: LfsObject, source: Source, signal: AbortSignal): Promise<void> {
    const { arrival } = this.join(object, source, 'background');
    const leave = arrival.enter();
    try {
      await unlessAborted(arrival.kept, signal);
    } finally {
      leave();
    }
  }

  /** @throws AntipodeError like `Objects.open`. */
  async open(asked: AskedObject): Promise<Readable> {
    const isMine = !this.coming.has(asked.object.oid);
    try {
      return await this.tryOpen(asked);
    } catch (error) {
      // Somebody else's link was no good; that says nothing about ours.
      if (isMine || !isRefusal(toAntipodeError(error, DOING).code)) throw error;
      return this.tryOpen(asked);
    }
  }

  /** Straight from the primary, for this reader alone; nothing is kept. @throws AntipodeError like `Objects.open`. */
  async passThrough({ object, source, range, signal }: AskedObject): Promise<Readable> {
    this.options.metrics.passed();
    const stopping = new AbortController();
    const bytes = download(
      { object, source, ...range, pace: 'theirs' },
      this.options.download,
      stopping.signal,
    );
    const isWhole = range.first === 0 && range.last === object.size - 1;
    const stream = toStream(isWhole ? verifiedRest(bytes, Verifier.of(object), object) : bytes, stopping);
    return begun(stream, signal);
  }

  /** How many of its bytes have come so far; 0 for what is not on its way. */
  arrived(oid: string): number {
    return this.coming.get(oid)?.arrival.written ?? 0;
  }

  close(): void {
    for (const { arrival } of this.coming.values()) arrival.stop();
  }

  private async tryOpen(asked: AskedObject): Promise<Readable> {
    const { object, source, range, signal } = asked;
    const { arrival, hurry } = this.join(object, source, 'caller');
    hurry();
    const leave = arrival.enter();
    try {
      // What is sent only when all of it is right can be refused with a sentence.
      await unlessAborted(object.size <= HELD_BACK_BYTES ? arrival.verified : arrival.begun, signal);
    } catch (error) {
      leave();
      if (!isUnkeepable(error)) throw error;
      return this.passThrough(asked);
    }
    const stopping = new AbortController();
    const rest = (from: number): AsyncIterable<Buffer> =>
      this.rest(arrival, source, { first: from, last: range.last }, stopping.signal);
    return toStream(readArrival({ arrival, range, rest }), stopping).once('close', leave);
  }

  private join(object: LfsObject, source: Source, whose: 'background' | 'caller'): Coming {
    const known = this.coming.get(object.oid);
    if (known && !known.arrival.isOver && known.arrival.object.size === object.size) return known;
    const coming = this.begin(object, source, whose);
    this.coming.set(object.oid, coming);
    const forget = (): void => {
      if (this.coming.get(object.oid) === coming) this.coming.delete(object.oid);
    };
    void coming.arrival.kept.then(forget, forget);
    return coming;
  }

  private begin(object: LfsObject, source: Source, whose: 'background' | 'caller'): Coming {
    const { store, room, lingerMs, onKept } = this.options;
    const hurrying = new AbortController();
    if (whose === 'caller') hurrying.abort();
    const arrival = new Arrival({
      object,
      store,
      room,
      lingerMs,
      bytes: (signal) =>
        download(
          { object, source, first: 0, last: object.size - 1, pace: 'ours' },
          this.options.download,
          signal,
        ),
      place: (signal) => this.place(signal, hurrying.signal),
      onKept: () => onKept(object),
    });
    arrival.kept.catch((error: unknown) => this.report(error));
    return { arrival, hurry: () => hurrying.abort() };
  }

  /** In the long line of the background, until somebody waits in person. */
  private async place(signal: AbortSignal, hurry: AbortSignal): Promise<() => void> {
    try {
      return await this.background.take(AbortSignal.any([signal, hurry]));
    } catch (error) {
      if (signal.aborted) throw error;
      return this.callers.take(signal);
    }
  }

  private async *rest(
    arrival: Arrival,
    source: Source,
    range: ByteRange,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    this.options.metrics.passed();
    const { object } = arrival;
    const bytes = download({ object, source, ...range, pace: 'theirs' }, this.options.download, signal);
    const verifier = arrival.forkVerifier();
    const canVerify = verifier.seen === range.first && range.last === object.size - 1;
    yield* canVerify ? verifiedRest(bytes, verifier, object) : bytes;
  }

  /** Wrong bytes are worth a line and a number; they are tried again later. */
  private report(error: unknown): void {
    const failure = toAntipodeError(error, DOING);
    if (failure.code !== 'primary_misbehaved' || !('oid' in failure.context)) return;
    this.options.metrics.corrupted();
    this.options.logger.error({ err: failure }, "the primary's bytes are not those of their name");
  }
}
