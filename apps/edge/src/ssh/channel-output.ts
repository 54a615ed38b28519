import { Writable } from 'node:stream';
import type { Socket } from 'node:net';
import { AntipodeError } from '@antipode/errors';

/** Written to the socket and not yet taken by the kernel; above it the channel waits. */
const MOST_UNSENT = 1024 * 1024;

/**
 * One direction of a channel, towards the client, with a backpressure that holds.
 *
 * ssh2 waits for the client's window only, and a client may say that its window is four gigabytes and then read
 * nothing; so this waits for the socket as well.
 */
export class ChannelOutput extends Writable {
  bytesTaken = 0;
  /** Ends the write that is under way. */
  private settle: ((error?: Error) => void) | undefined;

  constructor(
    private readonly target: Writable,
    private readonly socket: Socket,
    signal: AbortSignal,
  ) {
    super({ highWaterMark: 64 * 1024 });
    // Whoever writes learns it from the write; where nobody does, nobody must hear of it.
    this.on('error', () => undefined);
    const stop = (): void => void this.destroy(new AntipodeError('cancelled', 'writing to the client'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    const settle = (error?: Error): void => {
      if (this.settle !== settle) return;
      this.settle = undefined;
      done(error);
    };
    this.settle = settle;
    this.target.write(chunk, (error) => {
      if (error) return settle(new AntipodeError('cancelled', 'writing to the client', {}, { cause: error }));
      this.bytesTaken += chunk.length;
      this.whenSent(settle);
    });
  }

  /** A closed channel of ssh2 never calls back; whoever waits for a write must not wait for ever. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error);
    this.settle?.(error ?? new AntipodeError('cancelled', 'writing to the client'));
  }

  private whenSent(done: () => void): void {
    if (this.socket.writableLength <= MOST_UNSENT || !this.socket.writableNeedDrain) done();
    else this.socket.once('drain', () => done());
  }
}

/** Resolves when the client's side of the channel has taken the bytes. @throws AntipodeError `cancelled`. */
export function writeAll(output: Writable, bytes: Buffer | string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
