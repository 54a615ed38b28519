import { AdminSessions } from './admin-sessions.js';
import { authProvider } from './auth.provider.js';
import { PageSessionsStore } from './page-sessions.store.js';
import { PeopleDirectory } from './people-directory.js';
import { RequestLimits } from './request-limits.js';
import { Viewers } from './viewers.js';

export const PEOPLE_PROVIDERS = [
  AdminSessions,
  authProvider,
  PageSessionsStore,
  PeopleDirectory,
  RequestLimits,
  Viewers,
];
