import type { Settings, State } from './model.js';

const HOUR_MS = 3_600_000;

/** What is documented, or assumed where the documentation is silent. */
export const DEFAULT_SETTINGS: Settings = {
  filter: false,
  maxProtocolVersion: 2,
  missingStatus: 403,
  readerReceivePackAdvertisement: 403,
  badCredentialOnPublic: 401,
  bearerOnGit: false,
  fileSizeLimitBytes: 100 * 1024 * 1024,
  repositorySizeLimitBytes: 4 * 1024 * 1024 * 1024,
  allowInternalHookUrls: false,
  workspaceTokenMayManageHooks: true,
  hookTimeoutMs: 10_000,
  hookRetryDelaysMs: [1_000, 5_000],
  hookPayloadLimitBytes: 256 * 1024,
  repositoryPaging: 'token-with-role',
  sshLinkForm: 'scp',
  conditionalRequestsCost: true,
  oauthTokenLifetimeSeconds: 7_200,
  oauthRefreshGraceMs: 5_000,
  oauthCodeLifetimeSeconds: 600,
  lfsLocking: 501,
  lfsBatchLimit: 100,
  lfsLinkLifetimeSeconds: 900,
  lfsTokenLifetimeSeconds: 600,
  limits: { windowMs: HOUR_MS, repositories: 1_000, anonymous: 60, git: 60_000 },
};

export const emptyState = (): State => ({
  version: 1,
  users: [],
  workspaces: [],
  projects: [],
  repositories: [],
  tokens: [],
  hooks: [],
  oauth: { consumers: [], grants: [], codes: [], refreshTokens: [] },
  sshKeys: [],
  deployKeys: [],
  lfsLocks: [],
  lastId: 1_000,
  settings: structuredClone(DEFAULT_SETTINGS),
});
