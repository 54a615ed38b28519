/** A ref as git advertises it. */
export interface AdvertisedRef {
  /** Full name, such as "refs/heads/main". */
  readonly name: string;
  readonly oid: string;
  /** What an annotated tag points at in the end; absent for anything else. */
  readonly peeled?: string | undefined;
}

/** All refs of a repository at one moment, as libs/mirror-disk keeps them. */
export interface RefSet {
  readonly objectFormat: 'sha1' | 'sha256';
  /** The branch that HEAD points at, also while that branch is unborn; undefined for a detached HEAD. */
  readonly headTarget: string | undefined;
  /** What HEAD resolves to; undefined while unborn. */
  readonly headOid: string | undefined;
  /** Sorted by name in byte order; without HEAD and without hidden refs. */
  readonly refs: readonly AdvertisedRef[];
}

const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export const isOid = (text: string): boolean => OID.test(text);
