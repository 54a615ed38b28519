import type { Readable } from 'node:stream';

/** Bytes under the name that they have earned. */
export interface Blob {
  /** SHA-256 of the bytes: 64 lower-case hex digits. */
  readonly oid: string;
  /** In bytes. */
  readonly size: number;
}

/** Both ends belong to it, as in HTTP (RFC 9110 §14.1.2). */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Keeps blobs by the hash of their bytes. What is there is whole and was verified when it came; it may be asked for
 * and put by several processes at the same time.
 */
export interface BlobStore {
  /** Its size in bytes; undefined where it is absent. */
  sizeOf(oid: string): Promise<number | undefined>;

  /**
   * Its bytes, or a part of them; undefined where it is absent.
   *
   * A blob that is removed meanwhile is read to its end. Destroying the stream lets go of everything.
   */
  read(oid: string, range?: ByteRange): Promise<Readable | undefined>;

  /**
   * Takes a blob in. Nothing of it is there before all of it has come and was verified.
   *
   * @throws AntipodeError `primary_misbehaved` where the bytes are not those of that name and size, `disk_full` where
   *   there is no room, `cancelled` when `signal` aborts; or whatever ended the source.
   */
  put(blob: Blob, source: Readable, signal?: AbortSignal): Promise<void>;

  /** It is no error where it is absent. */
  remove(oid: string): Promise<void>;

  /** Every blob, in no order; those that come or go meanwhile may be named or not. */
  list(): AsyncIterable<Blob>;
}
