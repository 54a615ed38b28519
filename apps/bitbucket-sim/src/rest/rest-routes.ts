import type { RestRoute } from './rest-route.js';
import { BRANCH_RESTRICTIONS } from './routes/branch-restrictions.js';
import { COMMITS } from './routes/commits.js';
import { DEPLOY_KEYS } from './routes/deploy-keys.js';
import { HOOK_EVENTS } from './routes/hook-events.js';
import { HOOKS } from './routes/hooks.js';
import { PERMISSION_ROWS } from './routes/permission-rows.js';
import { PROJECT_CHANGES } from './routes/project-changes.js';
import { PROJECTS } from './routes/projects.js';
import { REFS } from './routes/refs.js';
import { REMOVED } from './routes/removed.js';
import { REPOSITORIES } from './routes/repositories.js';
import { REPOSITORY_CHANGES } from './routes/repository-changes.js';
import { SSH_KEYS } from './routes/ssh-keys.js';
import { USER } from './routes/user.js';
import { WORKSPACES } from './routes/workspaces.js';

/** Everything under `/2.0`. The first that fits wins. */
export const REST_ROUTES: readonly RestRoute[] = [
  ...USER,
  ...SSH_KEYS,
  ...WORKSPACES,
  ...PROJECTS,
  ...PROJECT_CHANGES,
  ...REPOSITORIES,
  ...REPOSITORY_CHANGES,
  ...REFS,
  ...COMMITS,
  ...PERMISSION_ROWS,
  ...DEPLOY_KEYS,
  ...BRANCH_RESTRICTIONS,
  ...HOOKS,
  ...HOOK_EVENTS,
  ...REMOVED,
];
