import type { BlobStore } from '@antipode/blob-store';
import { toAntipodeError } from '@antipode/errors';
import type { LfsObject } from '@antipode/lfs-wire';
import type { Logger } from '@antipode/service-kit';
import { toStream } from '../objects/byte-stream.js';
import type { Knowledge } from '../objects/objects.js';
import type { Room } from '../objects/room.js';
import { Slots } from '../objects/slots.js';
import type { StorageClient } from '../objects/storage-client.js';
import type { ByteMetrics } from '../telemetry/byte-metrics.js';
import { readOutcome, type PrimaryOutcome } from './primary-outcome.js';
import type { PrimaryAction } from './sealed-action.js';
import { Tee } from './tee.js';
import { within } from './within.js';

export interface UploadsOptions {
  readonly storage: Pick<StorageClient, 'send'>;
  readonly store: Pick<BlobStore, 'incomingFolder' | 'adopt' | 'sizeOf'>;
  readonly room: Room;
  readonly knowledge: Pick<Knowledge, 'kept' | 'proved'>;
  readonly metrics: ByteMetrics;
  readonly logger: Logger;
  /** How long a client waits for the store, in milliseconds. */
  readonly patienceMs: {
    /** Before the first byte goes on: is it here already? */
    readonly look: number;
    /** After the last byte: git-lfs hangs up after 30 s of silence, and sends everything again. */
    readonly keep: number;
  };
}

export interface Upload {
  readonly repositoryId: string;
  readonly object: LfsObject;
  readonly action: PrimaryAction;
  readonly body: AsyncIterable<Buffer>;
}

/** Each may hold some parts in memory on the way to a bucket, and nobody waits any more who would slow them down. */
const KEEPING_AT_ONCE = 32;

/** Uploads that go through us to the primary, and stay here as well: no second trip over the long line. */
export class Uploads {
  private readonly keeping = new Set<Promise<void>>();
  private readonly places = new Slots(KEEPING_AT_ONCE);
  private readonly stopping = new AbortController();

  constructor(private readonly options: UploadsOptions) {}

  /**
   * Resolves with what the primary said. Whoever is told of success finds the object here at once, where there was room
   * and the store was quick; a slow one goes on with it afterwards.
   *
   * @throws AntipodeError `invalid` where the bytes are not those of the ticket (the primary has not got them either),
   *   `primary_*`, `cancelled`.
   */
  async relay(upload: Upload, signal: AbortSignal): Promise<PrimaryOutcome> {
    const { store, room, metrics, patienceMs } = this.options;
    const { object, body } = upload;
    const passOnly = async (): Promise<boolean> =>
      (await within(store.sizeOf(object.oid), patienceMs.look)) === object.size;
    const tee = new Tee({ object, body, room, incomingFolder: store.incomingFolder, passOnly });
    const outcome = await this.sendOrRefuse(upload, tee, signal);
    if (outcome.status < 300) await within(this.keepAfter(upload, tee), patienceMs.keep);
    else {
      metrics.upload('refused');
      await tee.close();
    }
    return outcome;
  }

  /** Waits for what is still being kept, until `late` aborts. */
  async close(late: AbortSignal): Promise<void> {
    const stop = (): void => this.stopping.abort();
    if (late.aborted) stop();
    late.addEventListener('abort', stop, { once: true });
    await Promise.all(this.keeping);
    late.removeEventListener('abort', stop);
  }

  private async sendOrRefuse(upload: Upload, tee: Tee, signal: AbortSignal): Promise<PrimaryOutcome> {
    try {
      return await this.send(upload, tee, signal);
    } catch (error) {
      this.options.metrics.upload('refused');
      await tee.close();
      throw tee.refusal ?? error;
    }
  }

  /** The file is the keeping's from here on. */
  private keepAfter(upload: Upload, tee: Tee): Promise<void> {
    const keeping = this.taken(upload, tee)
      // A file that cannot be removed now is swept later.
      .finally(() => tee.close().catch(() => undefined))
      .finally(() => this.keeping.delete(keeping));
    this.keeping.add(keeping);
    return keeping;
  }

  private async send({ object, action }: Upload, tee: Tee, signal: AbortSignal): Promise<PrimaryOutcome> {
    const headers = {
      accept: '*/*',
      'content-type': 'application/octet-stream',
      ...(isChunked(action) ? {} : { 'content-length': String(object.size) }),
    };
    // Of nothing there is nothing to hold back: it is verified before the primary hears of it.
    const body = object.size === 0 ? await nothing(tee) : toStream(tee.bytes(), new AbortController());
    const answer = await this.options.storage.send(action, { method: 'PUT', headers, body }, signal);
    return readOutcome(answer);
  }

  /** The primary has it. What goes wrong from here on is our own trouble, and the fill's to mend. */
  private async taken({ repositoryId, object }: Upload, tee: Tee): Promise<void> {
    const { store, knowledge, metrics } = this.options;
    const { file } = tee;
    // Who has sent the right bytes has had them; a success before they had all come proves nothing. First of all: while
    // the store takes its time, they can be had through us all the same.
    if (tee.isRight) await this.unlessTrouble(object, () => knowledge.proved(repositoryId, object));
    const keep = async (path: string): Promise<void> => {
      const free = await this.places.take(this.stopping.signal);
      await store.adopt(object, path, this.stopping.signal).finally(free);
      await knowledge.kept(object);
    };
    const isKept = file !== undefined && (await this.unlessTrouble(object, () => keep(file)));
    metrics.upload(isKept ? 'kept' : 'passed');
  }

  private async unlessTrouble(object: LfsObject, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const trouble = toAntipodeError(error, 'keeping an upload');
      if (trouble.code === 'disk_full') this.options.room.noteFull(trouble, object.size);
      this.options.logger.warn(
        { err: trouble, oid: object.oid },
        'an upload that the primary took was not kept or noted here',
      );
      return false;
    }
  }
}

/** Spec: git-lfs docs/api/basic-transfers.md: the primary may ask for a body without a length. */
const isChunked = ({ header = {} }: PrimaryAction): boolean =>
  Object.entries(header).some(
    ([name, value]) => name.toLowerCase() === 'transfer-encoding' && value.toLowerCase() === 'chunked',
  );

async function nothing(tee: Tee): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of tee.bytes()) chunks.push(chunk);
  return Buffer.concat(chunks);
}
