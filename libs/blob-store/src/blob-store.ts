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
 * Keeps blobs by the hash of their bytes. What is there is whole; it may be asked for and adopted by several
 * processes at the same time.
 */
export interface BlobStore {
  /** A local folder for what is on its way in. Files that nobody wrote to for an hour are swept. */
  readonly incomingFolder: string;

  /** Makes what is missing and sweeps what a killed process left; call it once, before all else. */
  open(): Promise<void>;

  /** Sweeps again: what was left a moment before the opening was too young then. Call it now and then. */
  sweep(): Promise<void>;

  /** Lets go of connections and stops counting. */
  close(): Promise<void>;

  /**
   * Asks for room before something of that size comes in. It sets nothing aside: ask again while much is coming.
   *
   * @param bytes all that is coming.
   * @param largest the largest blob of it; one blob is all there is, where it is not told.
   * @throws AntipodeError `too_large`: that blob could not be kept if there were nothing else; which says nothing about
   *   how much room there is. `disk_full`: less than the floor would stay free, or the quota would be exceeded.
   */
  requireRoom(bytes: number, largest?: number): Promise<void>;

  /** Its size in bytes; undefined where it is absent. */
  sizeOf(oid: string): Promise<number | undefined>;

  /**
   * Its bytes, or a part of them that lies within it; undefined where it is absent.
   *
   * A blob that is removed meanwhile is read to its end. Destroying the stream lets go of everything.
   */
  read(oid: string, range?: ByteRange): Promise<Readable | undefined>;

  /**
   * Takes in a file of the incoming folder whose bytes the caller has verified. Nothing of it is there before all of it is, and then
   * it outlives a power cut. Afterwards the file is the store's, or gone; where this fails it stays the caller's.
   *
   * @throws AntipodeError `invalid` where the file has another size, `disk_full`, `service_unavailable` where the
   *   store cannot be reached, `cancelled` when `signal` aborts.
   */
  adopt(blob: Blob, file: string, signal?: AbortSignal): Promise<void>;

  /**
   * A link by which anybody can download it from the store itself for so long, with Range; only stores of that kind
   * have any. It does not ask whether the blob is there.
   */
  presign?(oid: string, how: { readonly expiresInSeconds: number }): Promise<string>;

  /** It is no error where it is absent. */
  remove(oid: string): Promise<void>;

  /** Every blob, in no order; those that come or go meanwhile may be named or not. */
  list(): AsyncIterable<Blob>;
}
