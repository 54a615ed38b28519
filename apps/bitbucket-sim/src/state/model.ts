/**
 * What the simulated Bitbucket remembers. Plain data, so that it survives as one JSON file.
 * UUIDs carry their braces everywhere; timestamps are ISO-8601 with `+00:00` and microseconds.
 */

import type { DeployKey, SshKey } from './key-model.js';
import type { LfsLock } from './lfs-model.js';
import type { OAuthState } from './oauth-model.js';

export type RepositoryPermission = 'read' | 'write' | 'admin';
export type ProjectPermission = RepositoryPermission | 'create-repo';
export type WorkspacePermission = 'owner' | 'create-project' | 'collaborator' | 'member';

/** Explicit rows only (`permissions-config`); users by uuid, groups by slug. */
export interface Grants<Permission> {
  users: Record<string, Permission>;
  groups: Record<string, Permission>;
}

export interface User {
  uuid: string;
  accountId: string;
  username: string;
  displayName: string;
  email: string;
  createdOn: string;
}

export interface Group {
  slug: string;
  name: string;
  members: string[];
}

export interface Workspace {
  uuid: string;
  slug: string;
  name: string;
  createdOn: string;
  /** By user uuid. */
  members: Record<string, WorkspacePermission>;
  groups: Group[];
  /** Paid seats; more than 100 scale the rate limit of access tokens. */
  seats: number;
  /** A workspace marked as spam answers 410. */
  spam?: boolean;
}

export interface Project {
  uuid: string;
  workspaceUuid: string;
  key: string;
  name: string;
  description: string;
  isPrivate: boolean;
  createdOn: string;
  updatedOn: string;
  grants: Grants<ProjectPermission>;
}

/** A reason for which the git endpoints refuse everybody, each with the text of the real thing. */
export type Refusal = 'ip-allowlist' | 'two-step';

/** What Bitbucket's receive-pack enforces; the kinds that are about pull requests are kept and nothing more. */
export interface BranchRestriction {
  id: number;
  kind: string;
  /** A glob. */
  pattern: string;
  value: number | null;
  /** Who may push in spite of a `push` restriction: users by uuid, groups by slug. */
  users: string[];
  groups: string[];
}

export interface Repository {
  uuid: string;
  workspaceUuid: string;
  projectUuid: string;
  slug: string;
  name: string;
  description: string;
  language: string;
  website: string;
  isPrivate: boolean;
  forkPolicy: string;
  parentUuid: string | null;
  /** Branch that HEAD points to; null until the first push. */
  mainbranch: string | null;
  sizeBytes: number;
  createdOn: string;
  updatedOn: string;
  grants: Grants<RepositoryPermission>;
  refusal?: Refusal;
  /** Branches that nobody may push to: a branch restriction at its simplest. */
  protectedBranches?: string[];
  branchRestrictions?: BranchRestriction[];
  /** Every push is refused by a hook that says this. */
  rejection?: string;
}

/**
 * `api` belongs to a user, and so does `oauth`, which an application got from them. The others are access tokens of the
 * resource they are named after; `consumer` is an application's own, for the workspace that it belongs to.
 */
export type TokenKind = 'api' | 'oauth' | 'repository' | 'project' | 'workspace' | 'consumer';

export interface Token {
  id: string;
  kind: TokenKind;
  secret: string;
  name: string;
  /** `read:repository:bitbucket` style for API tokens, `repository:write` style for access tokens. */
  scopes: string[];
  /** uuid of the user, repository, project or workspace. */
  ownerUuid: string;
  expiresOn: string | null;
  revokedOn: string | null;
  /** The application that it was given to, by its key. */
  consumer?: string;
  /** The consent that it follows from. */
  grantId?: string;
}

export interface Hook {
  uuid: string;
  subject: 'repository' | 'workspace';
  subjectUuid: string;
  description: string;
  url: string;
  active: boolean;
  secret: string | null;
  skipCertVerification: boolean;
  events: string[];
  createdAt: string;
}

/** Behaviours that the documentation leaves open, or that tests want to turn. */
export interface Settings {
  /** Partial clone; off on Bitbucket as far as anybody knows. */
  filter: boolean;
  maxProtocolVersion: 0 | 1 | 2;
  /** What git is told about a repository that is missing or hidden. */
  missingStatus: 403 | 404;
  /** The receive-pack advertisement for somebody who may only read. */
  readerReceivePackAdvertisement: 200 | 403;
  /** A bad credential on a public repository. */
  badCredentialOnPublic: 200 | 401;
  bearerOnGit: boolean;
  fileSizeLimitBytes: number;
  repositorySizeLimitBytes: number;
  allowInternalHookUrls: boolean;
  workspaceTokenMayManageHooks: boolean;
  hookTimeoutMs: number;
  /** Waits before the second and the third attempt; its length is the number of retries. */
  hookRetryDelaysMs: number[];
  hookPayloadLimitBytes: number;
  /** How repository lists page: the documentation shows both. */
  repositoryPaging: 'page' | 'token' | 'token-with-role';
  sshLinkForm: 'scp' | 'url';
  conditionalRequestsCost: boolean;
  oauthTokenLifetimeSeconds: number;
  /** How long a refresh token still works after it was replaced. */
  oauthRefreshGraceMs: number;
  oauthCodeLifetimeSeconds: number;
  /** What there is of the locks API; a number is the status of its absence, which nobody has written down. */
  lfsLocking: 'on' | 404 | 501;
  /** Objects in one batch; more answers 413. */
  lfsBatchLimit: number;
  /** Of links to the media host. */
  lfsLinkLifetimeSeconds: number;
  /** Of what `git-lfs-authenticate` gives. */
  lfsTokenLifetimeSeconds: number;
  limits: Limits;
}

/** Requests per rolling window and identity; null is unlimited. */
export interface Limits {
  windowMs: number;
  repositories: number | null;
  anonymous: number | null;
  git: number | null;
}

export interface State {
  version: 1;
  users: User[];
  workspaces: Workspace[];
  projects: Project[];
  repositories: Repository[];
  tokens: Token[];
  hooks: Hook[];
  oauth: OAuthState;
  sshKeys: SshKey[];
  deployKeys: DeployKey[];
  lfsLocks: LfsLock[];
  /** Of deploy keys, branch restrictions and locks: none is used twice. */
  lastId: number;
  settings: Settings;
}
