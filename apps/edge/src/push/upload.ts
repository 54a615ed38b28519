import { PassThrough, type Readable } from 'node:stream';
import { constants, gunzipSync } from 'node:zlib';
import { AntipodeError } from '@antipode/errors';
import { PushRequestReader, type PushExpectation } from '@antipode/git-wire';

const BUFFER_BYTES = 256 * 1024;
/** Enough for the first command, which carries the capabilities, behind a thousand shallow lines. */
const HEAD_BYTES = 64 * 1024;
const HEAD_DECODED_BYTES = 1024 * 1024;

export interface UploadOptions {
  /** Infinity for none. */
  readonly maxBytes: number;
  /** As the client wrote it; gzip or nothing. */
  readonly contentEncoding?: string | undefined;
}

/**
 * A client's push on its way to the primary: counted, let through at the primary's pace, and kept nowhere but for
 * its beginning, in which the client tells what answer it understands.
 *
 * `body` may be destroyed by whoever reads it (a primary that answers early); what comes then is dropped.
 */
export class Upload {
  readonly body = new PassThrough({ highWaterMark: BUFFER_BYTES });
  bytes = 0;
  /** The client has sent all of it. */
  isWhole = false;
  /** Why it will never be whole. */
  failure: AntipodeError | undefined;
  private readonly head: Buffer[] = [];
  private headBytes = 0;

  constructor(private readonly options: UploadOptions) {
    // Whoever reads it is told; nobody else listens.
    this.body.on('error', () => undefined);
  }

  /** Returns false where the sender should wait for the body's `drain`. */
  write(chunk: Buffer): boolean {
    this.bytes += chunk.length;
    if (this.bytes > this.options.maxBytes)
      this.fail(new AntipodeError('too_large', 'taking a push', { limit: this.options.maxBytes }));
    if (this.body.destroyed) return true;
    this.keepHead(chunk);
    return this.body.write(chunk);
  }

  end(): void {
    if (this.failure) return;
    this.isWhole = true;
    this.body.end();
  }

  /** The primary must never see a good end of what is not whole. */
  fail(error: AntipodeError): void {
    if (this.isWhole) return;
    this.failure ??= error;
    this.body.destroy(this.failure);
  }

  /** False where nothing of it can have left for the primary. */
  get wasRead(): boolean {
    return this.body.readableDidRead;
  }

  /** What the client waits for, as far as its beginning tells; the strictest where it does not. */
  get expectation(): PushExpectation & { readonly sideBand: boolean } {
    const { reader, isReadable } = this.readHead();
    const has = (name: string): boolean => reader.capabilities.has(name);
    const hasCapabilities = reader.capabilities.size > 0;
    return {
      commands: reader.commands > 0 || !(isReadable && reader.phase === 'over'),
      report: has('report-status') || has('report-status-v2') || !hasCapabilities,
      sideBand: has('side-band-64k'),
    };
  }

  private keepHead(chunk: Buffer): void {
    if (this.headBytes >= HEAD_BYTES) return;
    const kept = Buffer.from(chunk.subarray(0, HEAD_BYTES - this.headBytes));
    this.head.push(kept);
    this.headBytes += kept.length;
  }

  private readHead(): { reader: PushRequestReader; isReadable: boolean } {
    const reader = new PushRequestReader(Number.POSITIVE_INFINITY);
    try {
      reader.take(this.decodedHead());
      return { reader, isReadable: true };
    } catch {
      // The primary judges what is no push; here it only means that nothing is known about it.
      return { reader, isReadable: false };
    }
  }

  private decodedHead(): Buffer {
    const head = Buffer.concat(this.head);
    if (!/^(x-)?gzip$/i.test(this.options.contentEncoding ?? '')) return head;
    // The beginning of a gzip stream decodes as far as it goes.
    const sync = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: HEAD_DECODED_BYTES };
    return gunzipSync(head, sync);
  }
}

/** Sends a readable's bytes into an upload at the primary's pace. Never destroys the source: an answer may be on its way. */
export function pour(source: Readable, upload: Upload): void {
  source.on('data', (chunk: Buffer) => {
    if (!upload.write(chunk)) source.pause();
  });
  source.on('end', () => upload.end());
  source.on('error', () => upload.fail(gone()));
  source.on('close', () => upload.fail(gone()));
  upload.body.on('drain', () => source.resume());
  // What still comes is dropped, so that the client gets to read its answer.
  upload.body.on('close', () => source.resume());
}

const gone = (): AntipodeError => new AntipodeError('cancelled', 'taking a push: the client is gone');
