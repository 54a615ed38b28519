import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AntipodeError } from '@antipode/errors';

/** So much may wait for the disk: it writes a few large pieces instead of many small ones, while the next ones come. */
const MOST_WAITING_BYTES = 1024 * 1024;

/** A file that is written at its end and read anywhere before; meanwhile it may get another name, or lose its own. */
export class Spool {
  private end = 0;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private flushing: Promise<void> | undefined;
  private trouble: { readonly error: unknown } | undefined;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly onWritten: (chunks: readonly Buffer[]) => void,
  ) {}

  /** @param onWritten hears of all that can be read, in order. @throws AntipodeError `disk_full` */
  static async create(
    folder: string,
    oid: string,
    onWritten: (chunks: readonly Buffer[]) => void = () => undefined,
  ): Promise<Spool> {
    const path = join(folder, `${oid}.${randomUUID()}`);
    return new Spool(path, await explained(() => open(path, 'wx+', 0o640)), onWritten);
  }

  /** Bytes that can be read. */
  get written(): number {
    return this.end;
  }

  /** Resolves when there is room for more, not when it is written. @throws AntipodeError `disk_full`, maybe of before. */
  async write(chunk: Buffer): Promise<void> {
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    this.flushing ??= this.flush();
    if (this.waitingBytes >= MOST_WAITING_BYTES) await this.flushing;
    if (this.trouble) throw this.trouble.error;
  }

  /** Resolves when everything can be read. @throws AntipodeError `disk_full` */
  async finish(): Promise<void> {
    await this.flushing;
    if (this.trouble) throw this.trouble.error;
  }

  /** So many bytes at that place; they must have been written. */
  async read(at: number, length: number): Promise<Buffer> {
    const { bytesRead, buffer } = await this.file.read(Buffer.allocUnsafe(length), 0, length, at);
    if (bytesRead === 0) throw new AntipodeError('internal', 'reading a file that is shorter than it was');
    return buffer.subarray(0, bytesRead);
  }

  /** Nobody reads it any more. */
  close(): void {
    void Promise.resolve(this.flushing)
      .then(() => this.file.close())
      .catch(() => undefined);
  }

  /** Its name goes at once, its bytes when it is closed. */
  async discard(): Promise<void> {
    await rm(this.path, { force: true });
  }

  /** Never rejects: whoever writes next hears of it. */
  private async flush(): Promise<void> {
    try {
      while (this.waiting.length > 0 && !this.trouble) {
        const chunks = this.waiting;
        this.waiting = [];
        this.waitingBytes = 0;
        await this.append(chunks);
        this.onWritten(chunks);
      }
    } catch (error) {
      this.trouble = { error };
    } finally {
      this.flushing = undefined;
    }
  }

  private async append(chunks: readonly Buffer[]): Promise<void> {
    const total = chunks.reduce((sum, { length }) => sum + length, 0);
    let { bytesWritten: done } = await explained(() => this.file.writev(chunks, this.end));
    // Short only where the disk is nearly full: whether it is, the next attempt tells.
    for (const all = done < total ? Buffer.concat(chunks) : undefined; all && done < total;) {
      const from = done;
      const written = await explained(() => this.file.write(all, from, total - from, this.end + from));
      done += written.bytesWritten;
    }
    this.end += total;
  }
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    throw new AntipodeError('disk_full', 'writing an object that arrives', { code }, { cause: error });
  }
}
