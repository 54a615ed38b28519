import { open } from 'node:fs/promises';

/** What was added to a log since we looked last; a log that was moved away or cut off is read from its new beginning. */
export class FollowedFile {
  private inode: number | undefined;

  constructor(
    private readonly path: string,
    private offset: number,
  ) {}

  /** @returns the whole lines that are new; half a line waits for its end */
  async newLines(): Promise<string[]> {
    const file = await open(this.path).catch(() => undefined);
    if (!file) return [];
    try {
      const { size, ino } = await file.stat();
      if (size < this.offset || (this.inode !== undefined && this.inode !== ino)) this.offset = 0;
      this.inode = ino;
      if (size === this.offset) return [];
      const { buffer } = await file.read({
        buffer: Buffer.alloc(size - this.offset),
        position: this.offset,
      });
      const whole = buffer.lastIndexOf(0x0a) + 1;
      this.offset += whole;
      return buffer.subarray(0, whole).toString('utf8').split('\n').slice(0, -1);
    } finally {
      await file.close();
    }
  }
}
