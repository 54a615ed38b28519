import { compareBytes, type Snapshot, type SnapshotRef } from '@antipode/mirror-disk';

/** All refs of a repository at one moment, not yet numbered. */
export type RefState = Omit<Snapshot, 'epoch'>;

/** Our own refs inside a mirror repository: hidden from readers, unknown to the primary. */
export const OWN_NAMESPACE = 'refs/antipode/';

/**
 * The refs that we mirror: all that the primary shows, in byte order.
 *
 * Left out are names in our own namespace, and names that are not valid UTF-8 (decoding left its mark in them).
 */
export function mirroredRefs(refs: readonly SnapshotRef[]): SnapshotRef[] {
  return refs
    .filter(
      ({ name }) => name.startsWith('refs/') && !name.startsWith(OWN_NAMESPACE) && !name.includes('\ufffd'),
    )
    .sort((a, b) => compareBytes(a.name, b.name));
}

/** True where nothing at all differs: heads, tags, anything else, peeled tags, HEAD. */
export function sameRefs(a: RefState, b: RefState): boolean {
  return (
    a.objectFormat === b.objectFormat &&
    a.headTarget === b.headTarget &&
    a.headOid === b.headOid &&
    a.refs.length === b.refs.length &&
    a.refs.every((ref, i) => sameRef(ref, b.refs[i]))
  );
}

const sameRef = (a: SnapshotRef, b: SnapshotRef | undefined): boolean =>
  a.name === b?.name && a.oid === b.oid && a.peeled === b.peeled;

/** Every object that a client may want who was shown these refs. */
export function tipsOf({ refs, headOid }: RefState): Set<string> {
  const tips = new Set(refs.map(({ oid }) => oid));
  if (headOid) tips.add(headOid);
  return tips;
}

export const EMPTY: RefState = { objectFormat: 'sha1', headTarget: undefined, headOid: undefined, refs: [] };
