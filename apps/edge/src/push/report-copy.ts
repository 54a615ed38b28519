import type { Readable, Writable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';
import { PushReportReader, writeSideBand } from '@antipode/git-wire';
import type { PushWatch } from './push-watch.js';

export interface ReportTarget {
  readonly client: Writable;
  /** Called once, before the first byte to the client. */
  readonly begin: () => void;
}

const LAST_WORD_MS = 10_000;

/** The answer on its way to the client: whole packets, and never the end before its time. */
export class ReportCopy {
  readonly reader = new PushReportReader();
  hasBegun = false;

  constructor(private readonly target: ReportTarget) {}

  async copy(body: Readable, watch: PushWatch): Promise<void> {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      watch.moved();
      const free = this.take(chunk);
      if (free.length > 0 && !this.write(free)) await drained(this.target.client, watch.signal);
    }
  }

  private take(chunk: Buffer): Buffer {
    try {
      return this.reader.take(chunk);
    } catch (error) {
      throw new AntipodeError('primary_misbehaved', 'pushing: a report that is none', {}, { cause: error });
    }
  }

  finish(): Promise<void> {
    return this.writeLast(this.reader.held);
  }

  tell(sentence: string): Promise<void> {
    return this.writeLast(writeSideBand('error', sentence));
  }

  /** What comes behind it, such as an exit status, must not overtake it. */
  private async writeLast(bytes: Buffer): Promise<void> {
    const { client } = this.target;
    this.write(Buffer.alloc(0));
    if (bytes.length === 0 || client.destroyed) return;
    await soon((done) => {
      client.once('close', done);
      client.write(bytes, done);
    });
  }

  private write(bytes: Buffer): boolean {
    const { client, begin } = this.target;
    // A client that is gone misses its answer; the push goes on.
    if (client.destroyed || client.writableEnded) return true;
    if (!this.hasBegun) begin();
    this.hasBegun = true;
    return bytes.length === 0 || client.write(bytes);
  }
}

/** Until the client has taken what it was sent; or is gone, or is given up. */
function drained(client: Writable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      client.off('drain', settle).off('close', settle);
      signal.removeEventListener('abort', settle);
      resolve();
    };
    client.on('drain', settle).on('close', settle);
    signal.addEventListener('abort', settle);
    if (signal.aborted || client.destroyed) settle();
  });
}

/** Until it is done, but not for ever: a client that reads nothing more does not hold its place. */
function soon(work: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LAST_WORD_MS);
    work(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
