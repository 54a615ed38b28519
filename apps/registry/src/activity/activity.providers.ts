import { Activity } from './activity.js';
import { ActivityController } from './activity.controller.js';
import { HistoryClock } from './history-clock.js';
import { HistoryPruning } from './history-pruning.js';
import { HistoryReports } from './history-reports.js';
import { LagStore } from './lag.store.js';
import { Runs } from './runs.js';
import { RunsStore } from './runs.store.js';
import { TrafficStore } from './traffic.store.js';

export const ACTIVITY_CONTROLLERS = [ActivityController];
export const ACTIVITY_PROVIDERS = [
  Activity,
  HistoryClock,
  HistoryPruning,
  HistoryReports,
  LagStore,
  Runs,
  RunsStore,
  TrafficStore,
];
