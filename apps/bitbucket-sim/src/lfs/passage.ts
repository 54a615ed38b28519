import { Transform, type TransformCallback } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CutOff } from '../http/meter.js';

export interface PassageOptions {
  /** Called with the length of what is let through. */
  readonly onBytes: (bytes: number) => void;
  /** Which of the bytes that come by is turned over; undefined harms none. */
  readonly harmAt?: number | undefined;
  /** So many bytes pass, and then it breaks. */
  readonly cutAfter?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
}

/** A slow passage lets something through so often. */
const TICK_MS = 50;

/** Lets bytes through: counted, and harmed, cut or slowed down as faults want it. */
export class Passage extends Transform {
  #passed = 0;

  constructor(private readonly options: PassageOptions) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const { cutAfter = Infinity, bytesPerSecond } = this.options;
    const room = cutAfter - this.#passed;
    const passing = this.#harmed(chunk.subarray(0, Math.min(chunk.length, room)));
    // What was let through must leave before the connection breaks.
    const end = (): void =>
      chunk.length <= room ? done() : void setImmediate(() => done(new CutOff('cut off by a fault')));
    if (bytesPerSecond === undefined) {
      this.#let(passing);
      return end();
    }
    void this.#dribble(passing, bytesPerSecond).then(end);
  }

  #let(piece: Buffer): void {
    this.#passed += piece.length;
    this.options.onBytes(piece.length);
    this.push(piece);
  }

  async #dribble(bytes: Buffer, bytesPerSecond: number): Promise<void> {
    const step = Math.max(1, Math.floor((bytesPerSecond * TICK_MS) / 1000));
    for (let at = 0; at < bytes.length && !this.destroyed; at += step) {
      this.#let(bytes.subarray(at, at + step));
      await sleep(TICK_MS);
    }
  }

  #harmed(piece: Buffer): Buffer {
    const at = (this.options.harmAt ?? -1) - this.#passed;
    if (at < 0 || at >= piece.length) return piece;
    const harmed = Buffer.from(piece);
    harmed[at] = (harmed[at] ?? 0) ^ 0xff;
    return harmed;
  }
}
