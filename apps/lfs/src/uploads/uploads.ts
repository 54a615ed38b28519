import type { BlobStore } from '@antipode/blob-store';
import { toAntipodeError } from '@antipode/errors';
import type { LfsObject } from '@antipode/lfs-wire';
import type { Logger } from '@antipode/service-kit';
import { toStream } from '../objects/byte-stream.js';
import type { Knowledge } from '../objects/objects.js';
import type { Room } from '../objects/room.js';
import type { StorageClient } from '../objects/storage-client.js';
import type { ByteMetrics } from '../telemetry/byte-metrics.js';
import { readOutcome, type PrimaryOutcome } from './primary-outcome.js';
import type { PrimaryAction } from './sealed-action.js';
import { Tee } from './tee.js';

export interface UploadsOptions {
  readonly storage: Pick<StorageClient, 'send'>;
  readonly store: Pick<BlobStore, 'incomingFolder' | 'adopt' | 'sizeOf'>;
  readonly room: Room;
  readonly knowledge: Pick<Knowledge, 'kept' | 'proved'>;
  readonly metrics: ByteMetrics;
  readonly logger: Logger;
}

export interface Upload {
  readonly repositoryId: string;
  readonly object: LfsObject;
  readonly action: PrimaryAction;
  readonly body: AsyncIterable<Buffer>;
}

/** Uploads that go through us to the primary, and stay here as well: no second trip over the long line. */
export class Uploads {
  constructor(private readonly options: UploadsOptions) {}

  /**
   * Resolves with what the primary said. Whoever is told of success finds the object here at once, where there was room.
   *
   * @throws AntipodeError `invalid` where the bytes are not those of the ticket (the primary has not got them either),
   *   `primary_*`, `cancelled`.
   */
  async relay(upload: Upload, signal: AbortSignal): Promise<PrimaryOutcome> {
    const { store, room, metrics } = this.options;
    const { object, body } = upload;
    const passOnly = async (): Promise<boolean> => (await store.sizeOf(object.oid)) === object.size;
    const tee = new Tee({ object, body, room, incomingFolder: store.incomingFolder, passOnly });
    try {
      const outcome = await this.send(upload, tee, signal);
      if (outcome.status >= 300) metrics.upload('refused');
      else await this.taken(upload, tee);
      return outcome;
    } catch (error) {
      metrics.upload('refused');
      throw tee.refusal ?? error;
    } finally {
      await tee.close();
    }
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
    const { store, knowledge, metrics, logger } = this.options;
    const { file } = tee;
    try {
      if (file !== undefined) {
        await store.adopt(object, file);
        await knowledge.kept(object);
      }
      // Who has sent the right bytes has had them; a success before they had all come proves nothing.
      if (tee.isRight) await knowledge.proved(repositoryId, object);
      metrics.upload(file === undefined ? 'passed' : 'kept');
    } catch (error) {
      metrics.upload('passed');
      const trouble = toAntipodeError(error, 'keeping an upload');
      if (trouble.code === 'disk_full') this.options.room.noteFull(trouble, object.size);
      logger.warn({ err: trouble, oid: object.oid }, 'the primary took an upload that was not kept here');
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
