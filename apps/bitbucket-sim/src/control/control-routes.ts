import type { ControlRoute } from './control-route.js';
import { FAULT_ROUTES } from './routes/faults.js';
import { KEY_ROUTES } from './routes/keys.js';
import { LFS_ROUTES } from './routes/lfs.js';
import { OAUTH_ROUTES } from './routes/oauth.js';
import { PEOPLE_ROUTES } from './routes/people.js';
import { PUSH_ROUTES } from './routes/pushes.js';
import { REPOSITORY_ROUTES } from './routes/repositories.js';
import { STATE_ROUTES } from './routes/state.js';
import { TOKEN_ROUTES } from './routes/tokens.js';
import { TRAFFIC_ROUTES } from './routes/traffic.js';

/** Everything under `/_sim`. The README lists it. */
export const CONTROL_ROUTES: readonly ControlRoute[] = [
  ...STATE_ROUTES,
  ...PEOPLE_ROUTES,
  ...TOKEN_ROUTES,
  ...KEY_ROUTES,
  ...OAUTH_ROUTES,
  ...REPOSITORY_ROUTES,
  ...PUSH_ROUTES,
  ...LFS_ROUTES,
  ...FAULT_ROUTES,
  ...TRAFFIC_ROUTES,
];
