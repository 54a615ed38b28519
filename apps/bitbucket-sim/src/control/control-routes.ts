import type { ControlRoute } from './control-route.js';
import { FAULT_ROUTES } from './routes/faults.js';
import { REPOSITORY_ROUTES } from './routes/repositories.js';
import { STATE_ROUTES } from './routes/state.js';
import { TRAFFIC_ROUTES } from './routes/traffic.js';

/** Everything under `/_sim`. The README lists it. */
export const CONTROL_ROUTES: readonly ControlRoute[] = [
  ...STATE_ROUTES,
  ...REPOSITORY_ROUTES,
  ...FAULT_ROUTES,
  ...TRAFFIC_ROUTES,
];
