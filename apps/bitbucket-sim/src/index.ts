/** Types of the control API's bodies, for those who speak it over HTTP. Nothing here starts anything. */
export type { Count } from './http/count.js';
export type { Counts, GitOperation } from './http/counters.js';
export type { LfsFault } from './faults/lfs-fault.js';
export type { LfsCounts, LfsObjectCounts } from './lfs/lfs-counts.js';
export type { FaultPlan } from './faults/fault-plan.js';
export type { Delivery } from './hooks/delivery-log.js';
export type { Settings } from './state/model.js';
