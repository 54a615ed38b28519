import type { BlobStore } from '@antipode/blob-store';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import type { LfsObject } from '@antipode/lfs-wire';
import type { Reservation, Room } from './room.js';
import { Spool } from './spool.js';
import { expectRight, Verifier } from './verifier.js';

export interface ArrivalOptions {
  readonly object: LfsObject;
  readonly store: Pick<BlobStore, 'incomingFolder' | 'adopt'>;
  readonly room: Room;
  /** The bytes, from the first to the last. */
  readonly bytes: (signal: AbortSignal) => AsyncIterable<Buffer>;
  /** A place in the line; resolves with the function that gives it back. */
  readonly place: (signal: AbortSignal) => Promise<() => void>;
  /** It is in the store now. */
  readonly onKept: () => Promise<void>;
  /** How long it goes on when nobody waits any more: clients whose connection broke come back soon. */
  readonly lingerMs: number;
}

/**
 * One object on its way in, for all who wait for it.
 *
 *   waiting ─▶ growing ─▶ right ─▶ kept
 *      │          │         │
 *      └──────────┴─────────┴─▶ failed      `disk_full`: its readers go on by themselves from where the file ends
 */
export class Arrival {
  readonly object: LfsObject;
  /** There are bytes to read, or all of them were verified. */
  readonly begun: Promise<void>;
  /** All of them were verified. */
  readonly verified: Promise<void>;
  /** It is in the store. */
  readonly kept: Promise<void>;
  /** Why there will be no more bytes in the file. */
  failure: AntipodeError | undefined;
  private right = false;
  private done = false;
  private users = 0;
  private lonely: NodeJS.Timeout | undefined;
  private spool: Spool | undefined;
  private readonly verifier: Verifier;
  private readonly stopping = new AbortController();
  private readonly beginning = Promise.withResolvers<void>();
  private readonly verifying = Promise.withResolvers<void>();
  private changing = Promise.withResolvers<void>();

  constructor(private readonly options: ArrivalOptions) {
    this.object = options.object;
    this.verifier = Verifier.of(options.object);
    this.begun = this.beginning.promise;
    this.verified = this.verifying.promise;
    this.kept = this.run();
    // Whoever waits hears of it; nobody has to wait.
    for (const promise of [this.begun, this.verified, this.kept]) promise.catch(() => undefined);
  }

  /** True where nobody should join any more. */
  get isOver(): boolean {
    return this.done || this.failure !== undefined || this.stopping.signal.aborted;
  }

  /** Bytes from the first on that may be read; the whole file where it is known to be right. */
  get written(): number {
    return this.spool?.written ?? 0;
  }

  get isRight(): boolean {
    return this.right;
  }

  /** Resolves when any of the above has changed. */
  get changed(): Promise<void> {
    return this.changing.promise;
  }

  /** One more waits for it or reads it, until the function is called that this returns. */
  enter(): () => void {
    this.users += 1;
    clearTimeout(this.lonely);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.users -= 1;
      if (this.users === 0) this.leaveAlone();
    };
  }

  /** Some bytes that were written, for somebody who has entered. */
  read(at: number, length: number): Promise<Buffer> {
    if (!this.spool) throw new AntipodeError('internal', 'reading an object that has not begun to arrive');
    return this.spool.read(at, length);
  }

  /** To go on with where the file ended. */
  forkVerifier(): Verifier {
    return this.verifier.fork();
  }

  stop(): void {
    this.stopping.abort();
  }

  private async run(): Promise<void> {
    let free: (() => void) | undefined;
    let reserved: Reservation | undefined;
    try {
      free = await this.options.place(this.stopping.signal);
      reserved = await this.options.room.reserve(this.object.size);
      await this.fill(reserved);
      expectRight(this.verifier, this.object);
      this.right = true;
      this.verifying.resolve();
      this.tell();
      // From here on the line has room for the next: what is left is the disk's work.
      free();
      await this.keep();
    } catch (error) {
      throw await this.fail(error);
    } finally {
      free?.();
      reserved?.release();
      this.done = true;
      if (this.users === 0) this.leaveAlone();
    }
  }

  private leaveAlone(): void {
    if (this.done) this.spool?.close();
    else this.lonely = setTimeout(() => this.stop(), this.options.lingerMs).unref();
  }

  private async fill(reserved: Reservation): Promise<void> {
    const { store, bytes } = this.options;
    const spool = await Spool.create(store.incomingFolder, this.object.oid, (chunks) => this.grow(chunks));
    this.spool = spool;
    if (this.object.size === 0) return;
    for await (const chunk of bytes(this.stopping.signal)) {
      await reserved.spend(chunk.length);
      await spool.write(chunk);
    }
    await spool.finish();
  }

  /** Exactly what can be read was seen by the verifier: who has to go on by himself goes on with both. */
  private grow(chunks: readonly Buffer[]): void {
    for (const chunk of chunks) this.verifier.add(chunk);
    this.tell();
  }

  private async keep(): Promise<void> {
    const { store, onKept } = this.options;
    if (!this.spool) return;
    await store.adopt(this.object, this.spool.path);
    await onKept();
  }

  private tell(): void {
    this.beginning.resolve();
    this.changing.resolve();
    this.changing = Promise.withResolvers();
  }

  private async fail(error: unknown): Promise<AntipodeError> {
    const failure = toAntipodeError(error, 'bringing an object');
    if (failure.code === 'disk_full') this.options.room.noteFull(failure, this.object.size);
    // A right file is read to its end by whoever reads it, kept or not.
    if (!this.right) this.failure = failure;
    this.beginning.reject(failure);
    this.verifying.reject(failure);
    this.changing.resolve();
    await this.spool?.discard();
    return failure;
  }
}
