import type { RestRoute } from './rest-route.js';
import { HOOKS } from './routes/hooks.js';
import { PROJECTS } from './routes/projects.js';
import { REPOSITORIES } from './routes/repositories.js';
import { USER } from './routes/user.js';

/** Everything under `/2.0`. */
export const REST_ROUTES: readonly RestRoute[] = [...USER, ...PROJECTS, ...REPOSITORIES, ...HOOKS];
