import type { Readable } from 'node:stream';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import { PushRequestReader } from '@antipode/git-wire';
import { PackEnd } from './pack-end.js';
import type { Upload } from './upload.js';

/** A hundred thousand refs in one push. */
const COMMANDS_BYTES = 32 * 1024 * 1024;
/** A sender that has paused for this long may have sent all. */
const QUIET_MS = 50;

/**
 * Reads one push off a two-way stream and sends it into an upload, which has an end where the stream may have none:
 * git closes its side after the pack, JGit and libgit2 keep it open and wait for the report.
 *
 *   commands ─▶ options ─▶ pack ─▶ over        (PushRequestReader; without a pack where nothing but deletions is asked)
 *                            │
 *                            └── whole when, at a pause or at the stream's end, its trailer is its hash (PackEnd)
 */
export class PushReader implements Disposable {
  /** Whether anything is pushed at all; known with the first command. Rejects where the stream is no push. */
  readonly intent: Promise<'push' | 'nothing'>;
  private readonly commands = new PushRequestReader(COMMANDS_BYTES);
  private pack: PackEnd | undefined;
  private quiet: NodeJS.Timeout | undefined;
  private isSettled = false;
  private decide!: (intent: 'push' | 'nothing') => void;
  private reject!: (error: AntipodeError) => void;

  constructor(
    private readonly source: Readable,
    private readonly upload: Upload,
    private readonly signal: AbortSignal,
  ) {
    this.intent = new Promise((resolve, reject) => {
      this.decide = resolve;
      this.reject = reject;
    });
    // It may fail after the push was given up.
    this.intent.catch(() => undefined);
    source.on('data', this.onData).on('end', this.onEnd).on('error', this.onGone).on('close', this.onGone);
    upload.body.on('drain', this.onDrain).on('close', this.onDrain);
    signal.addEventListener('abort', this.onGone);
    if (signal.aborted) this.onGone();
  }

  /** From now on everything is dropped. */
  [Symbol.dispose](): void {
    this.settle();
    const { source, upload } = this;
    this.signal.removeEventListener('abort', this.onGone);
    source.off('data', this.onData).off('end', this.onEnd).off('close', this.onGone);
    upload.body.off('drain', this.onDrain).off('close', this.onDrain);
    // A stream that nobody reads never tells that it has ended.
    source.resume();
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.isSettled) return;
    try {
      const before = this.commands.take(chunk);
      const isPack = this.commands.phase === 'pack';
      if (isPack) this.noteOfPack(chunk.subarray(before));
      const hasRoom = this.upload.write(isPack ? chunk : chunk.subarray(0, before));
      this.advance();
      // Before the first command nobody reads what is written; it is bounded by the reader.
      if (!hasRoom && this.commands.commands > 0) this.source.pause();
    } catch (error) {
      this.fail(toAntipodeError(error, 'reading a push'));
    }
  };

  private readonly onEnd = (): void => {
    if (this.isSettled) return;
    if (this.pack?.isWhole) return this.finish();
    if (this.upload.bytes === 0) return this.decide('nothing');
    this.fail(new AntipodeError('invalid', 'reading a push: it ended before its end'));
  };

  private readonly onGone = (): void => {
    if (!this.isSettled) this.fail(new AntipodeError('cancelled', 'reading a push: the client is gone'));
  };

  private readonly onDrain = (): void => void this.source.resume();

  private readonly onQuiet = (): void => {
    if (!this.isSettled && this.pack?.isWhole) this.finish();
  };

  private noteOfPack(bytes: Buffer): void {
    const isSha256 = this.commands.capabilities.has('object-format=sha256');
    this.pack ??= new PackEnd(isSha256 ? 'sha256' : 'sha1');
    this.pack.take(bytes);
    if (this.quiet) this.quiet.refresh();
    else this.quiet = setTimeout(this.onQuiet, QUIET_MS);
  }

  private advance(): void {
    const { commands, phase } = this.commands;
    if (commands > 0) this.decide('push');
    if (phase !== 'over') return;
    if (commands > 0) this.finish();
    else {
      this.settle();
      this.decide('nothing');
    }
  }

  private finish(): void {
    this.settle();
    this.upload.end();
  }

  private fail(error: AntipodeError): void {
    this.settle();
    this.upload.fail(error);
    this.reject(error);
  }

  private settle(): void {
    this.isSettled = true;
    clearTimeout(this.quiet);
  }
}
