import { Readable } from 'node:stream';

/**
 * What comes through a channel from the client. Whoever destroys it, as HTTP clients do with bodies, leaves the
 * channel itself alone: the answer and the exit status still have to go through.
 */
export class ChannelInput extends Readable {
  bytesRead = 0;
  private wanted = false;

  constructor(private readonly source: Readable) {
    super({ highWaterMark: 64 * 1024 });
    this.on('error', () => undefined);
    source.on('readable', () => this.pull());
    source.once('end', () => this.push(null));
    source.once('close', () => this.push(null));
  }

  override _read(): void {
    this.wanted = true;
    this.pull();
  }

  private pull(): void {
    while (this.wanted && !this.destroyed) {
      const chunk = this.source.read() as Buffer | null;
      if (chunk === null) return;
      this.bytesRead += chunk.length;
      this.wanted = this.push(chunk);
    }
  }
}
