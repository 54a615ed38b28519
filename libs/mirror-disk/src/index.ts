export { compareBytes } from './byte-order.js';
export { replaceFile } from './durably.js';
export { readLfsScanned, writeLfsScanned } from './lfs-scanned.js';
export { MirrorDisk, type MirrorStat, type PublishedSnapshot } from './mirror-disk.js';
export { MirrorWriter } from './mirror-writer.js';
export type { Snapshot, SnapshotRef } from './snapshot.js';
export { readSnapshotText, writeSnapshotText } from './snapshot-text.js';
