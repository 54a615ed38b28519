import { mkdir, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { adoptable } from '../adoptable.js';
import type { Blob, BlobStore, ByteRange } from '../blob-store.js';
import { isOid, requireOid } from '../directory-layout.js';
import { sweepIncoming } from '../incoming.js';
import { Room, type RoomOptions } from '../room.js';
import { createS3Client } from './s3-client.js';
import { download } from './download.js';
import { isAbsent, s3Failure } from './s3-failure.js';
import type { S3Place } from './s3-place.js';
import { upload, type Target } from './upload.js';

export interface S3StoreOptions extends RoomOptions {
  readonly place: S3Place;
  /** A local folder, whose disk the floor is for; the quota is for the bucket. */
  readonly incomingFolder: string;
}

/** Younger ones may be another node's. */
const ABANDONED_MS = 24 * 3_600_000;

/** Blobs as objects of a bucket: `<prefix><oid>`. Several nodes may share it. */
export class S3Store implements BlobStore {
  readonly incomingFolder: string;
  private readonly room: Room;
  private readonly s3: S3Client;
  private readonly signer: S3Client;

  constructor(private readonly options: S3StoreOptions) {
    const { place, incomingFolder } = options;
    this.incomingFolder = incomingFolder;
    this.room = new Room(incomingFolder, options, () => this.list());
    this.s3 = createS3Client(place);
    this.signer = place.publicEndpoint === undefined ? this.s3 : createS3Client(place, place.publicEndpoint);
  }

  /** @throws AntipodeError `service_unavailable` where the bucket cannot be used; everything works once it can. */
  async open(): Promise<void> {
    await mkdir(this.incomingFolder, { recursive: true });
    await sweepIncoming(this.incomingFolder);
    await this.tell('opening the bucket', () =>
      this.s3.send(new HeadBucketCommand({ Bucket: this.options.place.bucket })),
    );
    this.room.count();
    void this.abortAbandoned();
  }

  async sweep(): Promise<void> {
    await sweepIncoming(this.incomingFolder);
    await this.abortAbandoned();
  }

  close(): Promise<void> {
    this.room.close();
    this.s3.destroy();
    this.signer.destroy();
    return Promise.resolve();
  }

  requireRoom(bytes: number, largest?: number): Promise<void> {
    return this.room.require(bytes, largest);
  }

  async sizeOf(oid: string): Promise<number | undefined> {
    const head = new HeadObjectCommand(this.target(oid));
    return this.tell('looking for an object', async () => {
      try {
        return (await this.s3.send(head)).ContentLength;
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    });
  }

  async read(oid: string, range?: ByteRange): Promise<Readable | undefined> {
    const from = this.target(oid);
    const doing = 'reading an object';
    return this.tell(doing, () => download(this.s3, from, range, (error) => this.failure(error, doing)));
  }

  async adopt(blob: Blob, file: string, signal?: AbortSignal): Promise<void> {
    const to = this.target(blob.oid);
    await adoptable(blob, file, signal);
    // Another node may have brought it already: what is there is whole.
    if ((await this.sizeOf(blob.oid)) !== blob.size) {
      await this.tell('storing an object', () => upload(this.s3, to, blob, file, signal));
      this.room.changed(blob.size);
    }
    await rm(file, { force: true });
  }

  async presign(oid: string, how: { readonly expiresInSeconds: number }): Promise<string> {
    const get = new GetObjectCommand({
      ...this.target(oid),
      // Whatever the bytes are, a browser must not run them on the bucket's origin.
      ResponseContentDisposition: 'attachment',
      ResponseContentType: 'application/octet-stream',
    });
    return this.tell('signing a link', () =>
      getSignedUrl(this.signer, get, { expiresIn: how.expiresInSeconds }),
    );
  }

  async remove(oid: string): Promise<void> {
    const size = await this.sizeOf(oid);
    if (size === undefined) return;
    await this.tell('removing an object', () => this.s3.send(new DeleteObjectCommand(this.target(oid))));
    this.room.changed(-size);
  }

  async *list(): AsyncIterable<Blob> {
    const { bucket: Bucket, prefix: Prefix } = this.options.place;
    try {
      for await (const page of paginateListObjectsV2({ client: this.s3 }, { Bucket, Prefix }))
        for (const { Key = '', Size = 0 } of page.Contents ?? []) {
          const oid = Key.slice(Prefix.length);
          if (isOid(oid)) yield { oid, size: Size };
        }
    } catch (error) {
      throw this.failure(error, 'listing the objects');
    }
  }

  /** Nothing depends on it, and a rule of the bucket may do it as well. */
  private async abortAbandoned(): Promise<void> {
    await this.tryAbortAbandoned().catch(() => undefined);
  }

  /** What a killed process left half-way; a thousand of them at one time are enough. */
  private async tryAbortAbandoned(): Promise<void> {
    const { bucket: Bucket, prefix: Prefix } = this.options.place;
    const oldest = Date.now() - ABANDONED_MS;
    const { Uploads = [] } = await this.s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix }));
    for (const { Key, UploadId, Initiated } of Uploads)
      if (Initiated && Initiated.getTime() < oldest)
        await this.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  }

  private target(oid: string): Target {
    requireOid(oid);
    return { Bucket: this.options.place.bucket, Key: `${this.options.place.prefix}${oid}` };
  }

  private async tell<T>(doing: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw this.failure(error, doing);
    }
  }

  private failure(error: unknown, doing: string): Error {
    return s3Failure(error, doing, { bucket: this.options.place.bucket });
  }
}
