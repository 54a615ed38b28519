import { Transform, type TransformCallback } from 'node:stream';

/** The stream was cut on purpose by a truncation fault. */
export class CutOff extends Error {}

/** Counts what flows through; with a limit it lets so many bytes pass and then breaks. */
export class Meter extends Transform {
  bytes = 0;

  constructor(
    private limitBytes: number = Infinity,
    private readonly onFirst?: (chunk: Buffer) => void,
  ) {
    super();
  }

  /** The limit, where it is known only later. */
  cutAfter(bytes: number): void {
    this.limitBytes = bytes;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.bytes === 0) this.onFirst?.(chunk);
    const room = this.limitBytes - this.bytes;
    const passed = chunk.length <= room ? chunk : chunk.subarray(0, room);
    this.bytes += passed.length;
    if (passed === chunk) return done(null, chunk);
    this.push(passed);
    // What was let through must leave before the connection breaks.
    setImmediate(() => done(new CutOff('cut off by a fault')));
  }
}
