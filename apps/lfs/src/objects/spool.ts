import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AntipodeError } from '@antipode/errors';

/** A file that is written at its end and read anywhere before; meanwhile it may get another name, or lose its own. */
export class Spool {
  private end = 0;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
  ) {}

  /** @throws AntipodeError `disk_full` */
  static async create(folder: string, oid: string): Promise<Spool> {
    const path = join(folder, `${oid}.${randomUUID()}`);
    return new Spool(path, await explained(() => open(path, 'wx+', 0o640)));
  }

  get written(): number {
    return this.end;
  }

  /** @throws AntipodeError `disk_full` */
  async write(chunk: Buffer): Promise<void> {
    for (let done = 0; done < chunk.length;) {
      const { bytesWritten } = await explained(() =>
        this.file.write(chunk, done, chunk.length - done, this.end + done),
      );
      done += bytesWritten;
    }
    this.end += chunk.length;
  }

  /** So many bytes at that place; they must have been written. */
  async read(at: number, length: number): Promise<Buffer> {
    const { bytesRead, buffer } = await this.file.read(Buffer.allocUnsafe(length), 0, length, at);
    if (bytesRead === 0) throw new AntipodeError('internal', 'reading a file that is shorter than it was');
    return buffer.subarray(0, bytesRead);
  }

  /** Nobody reads it any more. */
  close(): void {
    void this.file.close().catch(() => undefined);
  }

  /** Its name goes at once, its bytes when it is closed. */
  async discard(): Promise<void> {
    await rm(this.path, { force: true });
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
