import type { IncomingHttpHeaders } from 'node:http';
import type { RepositoryId, RepositoryPath, Right } from '@antipode/domain';
import type { AccessKeys } from './access-keys.js';
import type { PrimaryLfs } from './lfs/primary-lfs.js';
import type { OAuth } from './oauth.js';
import type { People } from './people.js';

/**
 * What we ask of the host that we mirror. One adapter per kind of host; nothing outside the adapters
 * knows which kind it is.
 */
export interface Primary {
  /** "bitbucket-cloud", "git-http". */
  readonly kind: string;
  /** The host's name as people know it, for sentences: "bitbucket.org". */
  readonly displayName: string;

  /**
   * The grammar of repository paths.
   *
   * @param path the part of a URL's path before "/info/refs", "/git-upload-pack"…, percent-decoded once
   *   (`decodeUrlPath`), without the leading slash; ".git" may or may not be there.
   * @returns the normal form ("acme/widget"), or undefined where the primary could not have such a repository.
   */
  parseRepositoryPath(path: string): RepositoryPath | undefined;

  /** The repository's git URL on the primary, without credentials: "https://bitbucket.org/acme/widget.git". */
  gitUrl(path: RepositoryPath): string;

  /** Base of the primary's SSH URLs, "ssh://git@bitbucket.org"; absent where pushes and fetches over SSH are not known there. */
  readonly sshUrl?: string;

  /** The repository's path as git's command names it over SSH: "acme/widget.git". */
  sshPath(path: RepositoryPath): string;

  /**
   * Asks the primary's own git endpoint whether a caller may use a repository.
   *
   * The caller's header is replayed byte for byte. Must not follow redirects, must bound what it reads.
   *
   * @throws AntipodeError `primary_unavailable`, `primary_limited`, `primary_misbehaved` where there is no answer,
   *   `cancelled` when `signal` aborts.
   */
  authorize(question: AccessQuestion, signal?: AbortSignal): Promise<Verdict>;

  /**
   * The caller's Authorization header in the form that the primary's git endpoint surely takes, for a request whose
   * body cannot be sent twice. Everything the primary is not known to refuse stays byte for byte.
   */
  relayAuthorization(authorization: string): string;

  /** The Authorization header with which the connection itself fetches git data. */
  gitAuthorization(credential: ConnectionCredential): string;

  /** The host's LFS server; whether it has one shows when it is asked. */
  readonly lfs: PrimaryLfs;

  /** Absent where the host has no API to list repositories. */
  readonly discovery?: Discovery;

  /** Absent where the host sends no webhooks. */
  readonly webhooks?: Webhooks;

  /** Absent where nobody can link an account: the host has no OAuth that we know, or the mirror has no consumer there. */
  readonly oauth?: OAuth;

  /** Absent where the host has no API that knows people. */
  readonly people?: People;

  /** Absent where the host has no API to list access keys. */
  readonly accessKeys?: AccessKeys;

  /** True where a repository may be learnt from the first request that the primary authorises. */
  readonly onDemand: boolean;

  /** Repositories known from configuration (hosts without discovery). */
  readonly configured: readonly RepositoryPath[];

  /**
   * A repository's identity where the primary gives it no UUID: stable, derived from its path.
   *
   * @throws AntipodeError `unsupported` where the primary has UUIDs of its own (its discovery tells them).
   */
  identify(path: RepositoryPath): RepositoryId;

  /** Lets go of the pooled connections. */
  close(): Promise<void>;
}

export interface AccessQuestion {
  readonly path: RepositoryPath;
  readonly right: Right;
  /** The caller's Authorization header; undefined for an anonymous caller. */
  readonly authorization: string | undefined;
}

/**
 * unauthenticated: the credential is missing or unknown (401).
 * not_found: not there, or not for this caller (404, and 403 where the host hides that way).
 * denied: the host forbids it for a reason that the caller should read (IP allowlist, two-step, scope).
 */
export type Verdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'unauthenticated' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'denied'; readonly message: string };

/** How this mirror itself shows up at the primary. */
export interface ConnectionCredential {
  readonly token: string;
  /** Atlassian e-mail (REST) and username (git) of a user's API token; absent for an access token. */
  readonly email?: string;
  readonly username?: string;
  /** The workspace that it is for; absent: the one of the settings. */
  readonly workspace?: string;
}

/** What the host says of a credential that it takes. */
export interface CredentialFacts {
  /** What was granted, in the host's words; absent where it does not say. */
  readonly scopes?: readonly string[];
  /** none: the host lets it ask, but shows it nothing in this workspace. */
  readonly projects: 'some' | 'none';
  /** The workspace's own id, which it keeps when its name goes to another; absent where the host does not say. */
  readonly workspaceId?: string;
}

/** One thing that the mirror does with its credential. */
export interface ScopeNeed {
  /** The scopes that it takes, in the host's words, and those of them that are missing. */
  readonly scopes: readonly string[];
  readonly missing: readonly string[];
  /** Words that go on with "the mirror may": "list the projects". */
  readonly allows: string;
  /** What is without them, as half a sentence; absent where there is no mirror without them. */
  readonly without?: string;
}

export interface PrimaryProject {
  readonly key: string;
  readonly name: string;
  readonly id: string;
  readonly private: boolean;
}

export interface PrimaryRepository {
  readonly id: RepositoryId;
  readonly path: RepositoryPath;
  readonly name: string;
  readonly projectKey: string;
  readonly public: boolean;
  readonly sizeBytes: number;
  readonly updatedOn: string;
  readonly mainBranch?: string;
}

export interface Discovery {
  /** Whether the credential opens its workspace, by two small questions. @throws AntipodeError like `listProjects` */
  inspect(credential: ConnectionCredential, signal?: AbortSignal): Promise<CredentialFacts>;

  /** What a credential with these scopes lets the mirror do, and what it does not. Asks nobody. */
  judgeScopes(granted: readonly string[]): ScopeNeed[];

  /** @throws AntipodeError `unauthenticated`, `denied`, `not_found` (the workspace), `primary_*`. */
  listProjects(credential: ConnectionCredential, signal?: AbortSignal): Promise<PrimaryProject[]>;

  /**
   * Repositories that the credential may read, most recently updated first, page by page, so that a caller who only
   * wants what moved can stop early. A page that did not change since it was last asked for costs no transfer.
   *
   * @throws AntipodeError like `listProjects`. A project that does not exist has no repositories.
   */
  listRepositories(options: ListRepositories, signal?: AbortSignal): AsyncIterable<PrimaryRepository[]>;
}

export interface ListRepositories {
  readonly credential: ConnectionCredential;
  /** Only this project; absent: the whole workspace. */
  readonly projectKey?: string;
  /** Only what anybody may read; absent: everything. */
  readonly visibility?: 'public';
}

export interface Webhooks {
  /**
   * Creates or repairs this mirror's webhook (the one with this URL); returns its id on the primary.
   *
   * @throws AntipodeError `denied` where the credential may not; the mirror then lives by its sweep alone.
   */
  ensure(options: EnsureWebhook, signal?: AbortSignal): Promise<{ readonly id: string }>;
  /** The webhook with this URL, as it is there now; undefined where there is none. */
  find(
    options: { readonly credential: ConnectionCredential; readonly url: string },
    signal?: AbortSignal,
  ): Promise<FoundWebhook | undefined>;
  remove(
    options: { readonly credential: ConnectionCredential; readonly id: string },
    signal?: AbortSignal,
  ): Promise<void>;

  /** Compares the signature in constant time. */
  verify(options: {
    readonly headers: IncomingHttpHeaders;
    readonly body: Buffer;
    readonly secret: string;
  }): boolean;

  /** @throws AntipodeError `invalid` where the body is not what the host documents. */
  parse(headers: IncomingHttpHeaders, body: Buffer): WebhookEvent;
}

export interface FoundWebhook {
  readonly id: string;
  /** False where somebody has switched it off at the primary. */
  readonly active: boolean;
}

export interface EnsureWebhook {
  readonly credential: ConnectionCredential;
  readonly url: string;
  readonly secret: string;
}

/** A webhook is a hint: it says where to look, never what is true. */
export interface WebhookEvent {
  /** The delivery's id, for idempotence; attempts of one delivery may share it. */
  readonly deliveryId: string;
  readonly kind: 'pushed' | 'created' | 'changed' | 'deleted' | 'project-changed' | 'other';
  readonly repositoryId?: RepositoryId;
}
