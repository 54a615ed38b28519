import type { Readable } from 'node:stream';
import type { ByteRange } from '@antipode/blob-store';
import type { LfsAction, LfsObject } from '@antipode/lfs-wire';

/** Where the bytes of one object can be had from the primary. */
export interface Source {
  /**
   * A download link that is good now.
   *
   * @param how.fresh the last one was refused or has expired: the primary is asked again.
   * @throws AntipodeError `not_found` where the primary does not have it, `primary_*`, `cancelled`.
   */
  link(how: { readonly fresh: boolean }, signal: AbortSignal): Promise<LfsAction>;
}

/** Injection token of the `Objects`. */
export const OBJECTS = Symbol('OBJECTS');

/** The bytes of objects: what is kept, what is just arriving, and what has to be fetched. Rights were decided before. */
export interface Objects {
  /** True where it is kept whole. */
  isHere(oid: string): Promise<boolean>;

  /**
   * Brings it in the background, once for all who ask; resolves when it is kept.
   *
   * @throws AntipodeError `disk_full`, `too_large` (it could never be kept here), `not_found`, `cancelled`,
   *   `primary_*` (`primary_misbehaved`: other bytes than those of that name).
   */
  bring(object: LfsObject, source: Source, signal: AbortSignal): Promise<void>;

  /**
   * Its bytes, or a part of them: kept, arriving, or, where they cannot be kept, passed through.
   *
   * The stream breaks where the primary's bytes turn out to be wrong. Destroying it lets go of everything.
   *
   * @throws AntipodeError like `bring`, without `disk_full` and `too_large`.
   */
  open(object: LfsObject, source: Source, range?: ByteRange, signal?: AbortSignal): Promise<Readable>;

  /** It is no error where it is absent. */
  remove(oid: string): Promise<void>;

  /**
   * Hashes what is kept again, so fast at most; false where it was wrong or absent: then it is gone, and
   * `Knowledge.lost` was told.
   */
  check(object: LfsObject, bytesPerSecond: number, signal: AbortSignal): Promise<boolean>;
}

/** Injection token of the `Knowledge`. It must not need the `Objects`: these are made with it. */
export const KNOWLEDGE = Symbol('KNOWLEDGE');

/** What is known of objects, for whoever moves their bytes. */
export interface Knowledge {
  /** Remembers the links of recent batches; else the primary is asked with the connection's credential. */
  sourceOf(repositoryId: string, object: LfsObject): Source;
  /** It is kept here now. */
  kept(object: LfsObject): Promise<void>;
  /** It is not here any more, though it was: it has to be brought again. */
  lost(oid: string): Promise<void>;
  /** The primary took its upload for this repository through us. */
  proved(repositoryId: string, object: LfsObject): Promise<void>;
}
