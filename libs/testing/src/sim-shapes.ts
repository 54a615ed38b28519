/** What the simulator's control API takes and answers, as far as tests use it (see its README). */

/** A part of the simulator's fault plan; what is absent works as it should (see its README). */
export interface SimFaults {
  latencyMs?: { rest?: number; git?: number; ssh?: number; oauth?: number; lfs?: number };
  fail?: (SimAim & { status: number; body?: 'json' | 'html' | 'empty'; retryAfterSeconds?: number })[];
  truncate?: (SimAim & { afterBytes: number })[];
  /** The push dies without a word to the pusher. */
  pushes?: (SimAim & { at: 'pack' | 'before-refs' | 'after-refs' })[];
  lfs?: SimLfsFault[];
  webhooks?: { drop?: number | 'all'; duplicate?: number | 'all'; reorder?: number; delayMs?: number };
  readOnly?: boolean;
  down?: 'destroy' | 'unavailable' | null;
}

export interface SimAim {
  /** `lfs` is its API: batches and locks. */
  class?: 'rest' | 'git' | 'ssh' | 'oauth' | 'lfs' | 'all';
  path?: string;
  method?: string;
  operation?: 'info-refs' | 'upload-pack' | 'receive-pack';
  times?: number;
}

/** What can happen to large files; `times` absent is always. Several kinds may strike one request. */
export type SimLfsFault = { times?: number } & (
  | ({ oid?: string } & SimLfsObjectFault)
  /** Every batch answers so: with a status, with a page that is no JSON, or never. */
  | { kind: 'refused'; status: number; retryAfterSeconds?: number }
  | { kind: 'garbage' }
  | { kind: 'silent' }
);

/** `oid` absent is all objects. */
export type SimLfsObjectFault =
  /** 404: in the batch, which is the default, or only on the media host. */
  | { kind: 'lost'; at?: 'batch' | 'media' }
  /** A wrong byte, the right length. */
  | { kind: 'corrupt' }
  /** The connection breaks after so many bytes of the body. */
  | { kind: 'truncated'; afterBytes: number }
  | { kind: 'slow'; firstByteMs?: number; bytesPerSecond?: number }
  /** Batches hand out links that the media host refuses; only a new batch helps. */
  | { kind: 'expired' }
  /** The media host answers with a status (500). */
  | { kind: 'broken'; status?: number; method?: 'GET' | 'PUT' | 'POST' }
  /** Downloads are sent elsewhere, by default once and to a third origin. */
  | { kind: 'redirected'; to?: 'itself' | 'elsewhere'; hops?: number }
  /** Range is ignored: 200. */
  | { kind: 'rangeless' };

export interface SimCount {
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly statuses: Readonly<Record<string, number>>;
}

type SshOperation = 'upload-pack' | 'receive-pack' | 'other';
type GitOperation = 'info-refs' | 'upload-pack' | 'receive-pack';

export interface SimCounters {
  /** `routes`: by names such as "GET /user" and "GET /workspaces/:workspace"; "fault" is what was struck by one. */
  readonly rest: SimCount & { readonly routes: Readonly<Record<string, SimCount>> };
  readonly git: SimCount & {
    readonly operations: Readonly<Record<GitOperation, SimCount>>;
    readonly commands: Readonly<Record<string, number>>;
    readonly repositories: Readonly<Record<string, Partial<Record<GitOperation, SimCount>>>>;
  };
  readonly ssh: SimCount & {
    readonly operations: Readonly<Record<SshOperation, SimCount>>;
    readonly commands: Readonly<Record<string, number>>;
    readonly repositories: Readonly<Record<string, Partial<Record<SshOperation, SimCount>>>>;
    readonly logins: { readonly accepted: number; readonly refused: number };
  };
  /** By grant type; `authorize` is the consent page. */
  readonly oauth: SimCount & { readonly grants: Readonly<Record<string, SimCount>> };
  readonly lfs: {
    /** Requests to the API: batches and locks. */
    readonly api: SimCount;
    readonly batches: Readonly<Record<'download' | 'upload', { requests: number; objects: number }>>;
    /** Batches, by "workspace/slug". */
    readonly repositories: Readonly<Record<string, Record<'download' | 'upload', number>>>;
    readonly locks: number;
    /** The other origin; stray: refused since it carried an Authorization, or another link's header, not asked for. */
    readonly media: SimCount & { readonly strayAuthorization: number; readonly strayHeader: number };
    /** By oid; objects that nobody has asked for are absent (`SimLfs.traffic` gives zeros). */
    readonly objects: Readonly<Record<string, SimLfsObjectCounts>>;
  };
}

export interface SimLfsObject {
  readonly oid: string;
  readonly size: number;
}

export interface SimLfsObjectCounts {
  /** By batches that want to download. */
  readonly asked: number;
  /** Answers with bytes of it, whole or in part. */
  readonly downloads: number;
  readonly bytesOut: number;
  readonly uploads: number;
  readonly bytesIn: number;
  readonly verifications: number;
}

/** A push by git, as the host has seen it. */
export interface SimPush {
  readonly repository: string;
  readonly door: 'https' | 'ssh';
  /** Username, or an access token's name. */
  readonly by: string | null;
  readonly updates: readonly { ref: string; old: string | null; new: string | null }[];
  /** `git push -o` */
  readonly options: readonly string[];
}

/** A person's key, as the simulator keeps it. */
export interface SimSshKey {
  /** With braces. */
  readonly uuid: string;
  /** Type and base64. */
  readonly key: string;
  readonly label: string;
  /** SHA-256 in base64 without padding. */
  readonly fingerprint: string;
  readonly expiresOn: string | null;
}

export interface SimDeployKey {
  readonly id: number;
  readonly key: string;
  readonly label: string;
  readonly fingerprint: string;
}

export interface SimRepository {
  readonly uuid: string;
  readonly fullName: string;
  readonly slug: string;
  readonly project: string;
  readonly isPrivate: boolean;
  readonly mainbranch: string | null;
}

export interface SimState {
  readonly workspace: string;
  readonly workspaces: readonly { slug: string; uuid: string }[];
  readonly mirrorToken: string;
  readonly ssh: { readonly url: string; readonly knownHosts: readonly string[] };
  /** The other origin, by which large files travel. */
  readonly media: string;
  /** The sample's application: the mirror. */
  readonly oauth: {
    /** Base of `/authorize` and `/access_token`. */
    readonly url: string;
    readonly key: string;
    readonly secret: string;
    readonly callbackUrl: string | null;
    readonly scopes: readonly string[];
  };
  readonly users: readonly {
    username: string;
    email: string;
    apiToken: string;
    role: string;
    uuid: string;
    accountId: string;
    displayName: string;
    sshKeys: readonly SimSshKey[];
  }[];
  readonly projects: readonly { key: string; isPrivate: boolean; repositories: string[] }[];
  readonly repositories: readonly SimRepository[];
  readonly tokens: readonly { id: string; secret: string; name: string; kind: string }[];
  readonly hooks: readonly { uuid: string; url: string; secret: string | null; active: boolean }[];
}

export interface NewCommit {
  readonly branch?: string;
  /** By path; null deletes. */
  readonly files?: Readonly<Record<string, string | null>>;
  readonly message?: string;
  /** Null: a commit without parent. */
  readonly parent?: string | null;
  readonly force?: boolean;
}

export type SimKeySubject = string | { readonly workspace: string; readonly project: string };
