import type { Agent } from 'undici';
import type { RepositoryId, RepositoryPath } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { askGit, type GitOracleOptions } from '../git-oracle/git-oracle.js';
import { basic } from '../http/basic.js';
import { openAgent } from '../http/open-agent.js';
import { LfsClient } from '../lfs/lfs-client.js';
import type { AccessQuestion, ConnectionCredential, Primary, Verdict } from '../primary.js';
import type { PrimaryConfig } from '../settings.js';
import { identifyByPath } from './identify.js';
import { parseGitHttpPath } from './repository-path.js';

/**
 * Any smart-HTTP host that has no API we know: one base URL, paths of one or more segments, rights by its git endpoint.
 * Repositories are known from configuration, or learnt from requests. No webhooks: sweep and freshness policy alone.
 */
export class GitHttp implements Primary {
  readonly kind = 'git-http';
  readonly displayName: string;
  readonly onDemand: boolean;
  readonly configured: readonly RepositoryPath[];
  readonly lfs: LfsClient;
  private readonly base: string;
  private readonly suffix: string;
  private readonly oracle: GitOracleOptions & { readonly agent: Agent };

  /** @throws AntipodeError `invalid` without a base URL, or with a repository that is none. */
  constructor(config: PrimaryConfig) {
    if (config.PRIMARY_GIT_URL === undefined)
      throw wrong('PRIMARY_GIT_URL', 'is needed for a primary of the kind git-http');
    this.base = config.PRIMARY_GIT_URL.replace(/\/+$/, '');
    this.displayName = new URL(this.base).host;
    this.suffix = config.PRIMARY_GIT_SUFFIX === 'none' ? '' : config.PRIMARY_GIT_SUFFIX;
    this.onDemand = config.PRIMARY_ON_DEMAND;
    this.configured = [...new Set(config.PRIMARY_REPOSITORIES.map(configuredPath))];
    const timeoutMs = config.PRIMARY_TIMEOUT_SECONDS * 1000;
    this.oracle = { timeoutMs, agent: openAgent({ connections: config.PRIMARY_CONNECTIONS, timeoutMs }) };
    this.lfs = new LfsClient({ ...this.oracle, gitUrl: (path) => this.gitUrl(path) });
  }

  parseRepositoryPath(path: string): RepositoryPath | undefined {
    return parseGitHttpPath(path);
  }

  gitUrl(path: RepositoryPath): string {
    return `${this.base}/${path.split('/').map(encodeURIComponent).join('/')}${this.suffix}`;
  }

  sshPath(path: RepositoryPath): string {
    return `${path}${this.suffix}`;
  }

  authorize(question: AccessQuestion, signal?: AbortSignal): Promise<Verdict> {
    return askGit({ ...question, url: this.gitUrl(question.path) }, this.oracle, signal);
  }

  relayAuthorization(authorization: string): string {
    return authorization;
  }

  /** Basic where a username is configured, else Bearer. */
  gitAuthorization(credential: ConnectionCredential): string {
    return credential.username === undefined
      ? `Bearer ${credential.token}`
      : basic(credential.username, credential.token);
  }

  identify(path: RepositoryPath): RepositoryId {
    return identifyByPath(path);
  }

  async close(): Promise<void> {
    await this.oracle.agent.destroy();
  }
}

function configuredPath(text: string): RepositoryPath {
  const path = parseGitHttpPath(text);
  if (path === undefined)
    throw wrong('PRIMARY_REPOSITORIES', `holds "${text.slice(0, 100)}", which cannot be a repository's path`);
  return path;
}

const wrong = (setting: string, what: string): AntipodeError =>
  new AntipodeError(
    'invalid',
    'reading the settings of the primary',
    { setting },
    { hint: `${setting} ${what}.` },
  );
