import { removed } from '../rest-error.js';
import type { RestRoute } from '../rest-route.js';

/** Cross-workspace operations that Bitbucket switched off in 2026 (§13): whoever still calls them must find out. */
const GONE = [
  '/repositories',
  '/workspaces',
  '/user/permissions/repositories',
  '/user/permissions/workspaces',
  '/snippets',
];

export const REMOVED: readonly RestRoute[] = GONE.map((path) => ({
  method: 'GET',
  path,
  scopes: { oauth: [], api: [] },
  callers: 'anyone',
  handle: () => {
    throw removed('CHANGE-2770');
  },
}));
