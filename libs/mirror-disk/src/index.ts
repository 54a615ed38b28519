export type { Snapshot, SnapshotRef } from './snapshot.js';
