/** The host that the house mirrors, as the services learn about it. Absent values are left to their defaults. */
export interface Primary {
  readonly kind: 'bitbucket-cloud' | 'git-http';
  /** Base URL of git over HTTP. */
  readonly gitUrl?: string;
  readonly apiUrl?: string;
  /** Base URL of git over SSH. */
  readonly sshUrl?: string;
  /** A file of OpenSSH's known_hosts lines: the keys by which the host is known. */
  readonly sshKnownHostsFile?: string;
  /** By which people link their accounts. */
  readonly oauth?: { readonly url: string; readonly key: string; readonly secretFile: string };
  readonly workspace?: string;
  /** A file that holds the connection's token. */
  readonly tokenFile?: string;
  /** `git-http` alone: the repositories to mirror, by path. */
  readonly repositories?: readonly string[];
  /** `git-http` alone: learn repositories from requests that the primary itself lets through. */
  readonly onDemand?: boolean;
}
