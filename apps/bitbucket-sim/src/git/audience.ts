import { Writable } from 'node:stream';

/**
 * Hands on what git says as long as somebody listens, and swallows it afterwards: a push whose pack has arrived goes
 * through although the pusher is gone, as on any real server. Also, an SSH channel that closed never calls back.
 */
export class Audience extends Writable {
  readonly #gone = new AbortController();

  /** @param whole whose `close` means that nobody listens any more: `to` itself, or the channel that it is a part of */
  constructor(
    private readonly to: Writable,
    whole: Writable = to,
  ) {
    super();
    // Errors of somebody who went away tell nothing that `close` does not.
    to.on('error', () => this.leave());
    whole.once('close', () => this.leave());
  }

  /** From here on nobody listens. */
  leave(): void {
    this.#gone.abort();
  }

  get hasLeft(): boolean {
    return this.#gone.signal.aborted;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const { signal } = this.#gone;
    if (signal.aborted) return done();
    const next = (): void => {
      signal.removeEventListener('abort', next);
      done();
    };
    signal.addEventListener('abort', next, { once: true });
    this.to.write(chunk, () => {
      // Either of the two, but only once.
      if (!signal.aborted) next();
    });
  }
}
