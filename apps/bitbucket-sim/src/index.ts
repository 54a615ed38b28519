/** Types of the control API's bodies, for those who speak it over HTTP. Nothing here starts anything. */
export type { Counts, Count, GitOperation } from './http/counters.js';
export type { FaultPlan } from './faults/fault-plan.js';
export type { Delivery } from './hooks/delivery-log.js';
export type { Settings } from './state/model.js';
