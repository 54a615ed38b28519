/** The host that the house mirrors, as the services learn about it. Absent values are left to their defaults. */
export interface Primary {
  readonly kind: 'bitbucket-cloud' | 'git-http';
  /** Base URL of git over HTTP. */
  readonly gitUrl?: string;
  readonly apiUrl?: string;
  readonly workspace?: string;
  /** A file that holds the connection's token. */
  readonly tokenFile?: string;
  /** `git-http` alone: the repositories to mirror, by path. */
  readonly repositories?: readonly string[];
  /** `git-http` alone: learn repositories from requests that the primary itself lets through. */
  readonly onDemand?: boolean;
}
