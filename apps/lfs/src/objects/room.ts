import type { BlobStore } from '@antipode/blob-store';
import { isAntipodeError, type AntipodeError } from '@antipode/errors';

export interface RoomOptions {
  readonly store: Pick<BlobStore, 'requireRoom'>;
  /** Called when it begins to be full, and when it ends. */
  readonly onFull: (error: AntipodeError) => void;
  readonly onRoomAgain: () => void;
}

/** So much of what comes in is looked at at once. */
const LOOK_AGAIN_BYTES = 64 * 1024 * 1024;

/** A part of the room that is spoken for. */
export interface Reservation {
  /** So many bytes of it are on the disk now. @throws AntipodeError `disk_full` where others have taken the rest. */
  spend(bytes: number): Promise<void>;
  release(): void;
}

/**
 * The room that is left for objects, with what is on its way in taken off: a hundred that arrive at once must not each
 * be promised the same last gigabyte.
 */
export class Room {
  private outstanding = 0;
  /** Of the object that did not fit; undefined while all goes well. */
  private refused: number | undefined;

  constructor(private readonly options: RoomOptions) {}

  /** @throws AntipodeError `disk_full`; `too_large` for what could never fit, which is no sign of a lack of room. */
  async reserve(bytes: number): Promise<Reservation> {
    await this.require(bytes);
    this.outstanding += bytes;
    let left = bytes;
    let unseen = 0;
    const take = (spent: number): void => {
      this.outstanding -= Math.min(spent, left);
      left -= Math.min(spent, left);
    };
    return {
      spend: async (spent) => {
        take(spent);
        unseen += spent;
        if (unseen < LOOK_AGAIN_BYTES) return;
        unseen = 0;
        await this.require(0);
      },
      release: () => take(left),
    };
  }

  /** The disk itself has said it, whatever was reckoned before. */
  noteFull(error: AntipodeError, bytes: number): void {
    const begins = this.refused === undefined;
    this.refused = bytes;
    if (begins) this.options.onFull(error);
  }

  /** @throws AntipodeError `disk_full` while what was refused would be refused again. */
  async check(): Promise<void> {
    if (this.refused !== undefined) await this.require(this.refused);
  }

  private async require(bytes: number): Promise<void> {
    try {
      await this.options.store.requireRoom(this.outstanding + bytes, bytes);
    } catch (error) {
      if (isAntipodeError(error) && error.code === 'disk_full') this.noteFull(error, bytes);
      throw error;
    }
    if (this.refused === undefined || bytes < this.refused) return;
    this.refused = undefined;
    this.options.onRoomAgain();
  }
}
