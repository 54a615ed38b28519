import type { LfsObject } from '@antipode/lfs-wire';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import { Spool } from '../objects/spool.js';
import type { Reservation, Room } from '../objects/room.js';
import { Verifier } from '../objects/verifier.js';

export interface TeeOptions {
  readonly object: LfsObject;
  readonly body: AsyncIterable<Buffer>;
  readonly room: Room;
  readonly incomingFolder: string;
  /** Not to be kept, because it is here already. */
  readonly passOnly: () => Promise<boolean>;
}

/** An upload on its way through: to the primary, and into a file beside. Trouble with the file stops nothing. */
export class Tee {
  private spool: Spool | undefined;
  private reserved: Reservation | undefined;
  /** Why the upload was no good; the primary's request broke off then. */
  refusal: AntipodeError | undefined;
  /** True once all bytes were passed on and found right. */
  private right = false;
  private closed = false;

  constructor(private readonly options: TeeOptions) {}

  /**
   * The bytes for the primary. The last ones are held back until all of them are known to be right, so that it never
   * has what is wrong whole.
   */
  async *bytes(): AsyncGenerator<Buffer> {
    try {
      await this.openFile();
      yield* this.passed();
    } finally {
      // The primary may have ended it all while the file was being opened.
      if (this.closed) await this.letGo();
    }
  }

  get isRight(): boolean {
    return this.right;
  }

  /** The file, where it is whole and right. It is the caller's then. */
  get file(): string | undefined {
    return this.right ? this.spool?.path : undefined;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.letGo();
  }

  private async *passed(): AsyncGenerator<Buffer> {
    const { object, body } = this.options;
    const verifier = Verifier.of(object);
    let held: Buffer | undefined;
    for await (const chunk of body) {
      verifier.add(chunk);
      if (verifier.seen > object.size) throw this.refuse('another size');
      await this.keep(chunk);
      if (verifier.seen < object.size) yield chunk;
      else held = chunk;
    }
    const verdict = verifier.verdict();
    if (verdict !== 'right') throw this.refuse(verdict);
    await this.unlessTrouble(async () => this.spool?.finish());
    this.right = true;
    if (held) yield held;
  }

  private async letGo(): Promise<void> {
    const { spool, reserved } = this;
    this.spool = undefined;
    this.reserved = undefined;
    reserved?.release();
    spool?.close();
    // Adopted, it has another name by now.
    await spool?.discard();
  }

  private async openFile(): Promise<void> {
    const { object, room, incomingFolder, passOnly } = this.options;
    await this.unlessTrouble(async () => {
      if (await passOnly()) return;
      this.reserved = await room.reserve(object.size);
      this.spool = await Spool.create(incomingFolder, object.oid);
    });
  }

  private async keep(chunk: Buffer): Promise<void> {
    const { spool } = this;
    if (!spool) return;
    await this.unlessTrouble(async () => {
      await this.reserved?.spend(chunk.length);
      await spool.write(chunk);
    });
  }

  private async unlessTrouble(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const trouble = toAntipodeError(error, 'keeping an upload');
      if (trouble.code === 'disk_full') this.options.room.noteFull(trouble, this.options.object.size);
      await this.letGo();
    }
  }

  private refuse(reason: 'another size' | 'another hash'): AntipodeError {
    const hint = `The upload has ${reason} than its name says.`;
    this.refusal = new AntipodeError('invalid', 'taking an upload', { reason }, { hint });
    return this.refusal;
  }
}
