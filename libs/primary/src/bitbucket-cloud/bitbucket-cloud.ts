import type { Agent } from 'undici';
import type { RepositoryId, RepositoryPath } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { askGit, type GitOracleOptions } from '../git-oracle/git-oracle.js';
import { openAgent } from '../http/open-agent.js';
import { LfsClient } from '../lfs/lfs-client.js';
import type { OAuth } from '../oauth.js';
import type { AccessQuestion, ConnectionCredential, Primary, Verdict } from '../primary.js';
import { readSecretFile } from '../read-secret-file.js';
import type { PrimaryConfig } from '../settings.js';
import { BitbucketAccessKeys } from './bitbucket-access-keys.js';
import { BitbucketOAuth, type BitbucketOAuthOptions } from './bitbucket-oauth.js';
import { bearerAsBasic, gitAuthorization } from './git-credentials.js';
import { BitbucketDiscovery } from './bitbucket-discovery.js';
import { BitbucketPeople } from './bitbucket-people.js';
import { BitbucketWebhooks } from './bitbucket-webhooks.js';
import type { WorkspaceOf } from './workspace-of.js';
import { parseBitbucketPath } from './repository-path.js';
import { RestClient } from './rest/rest-client.js';
import { PEOPLE_RETRY_TIMES } from './rest/retry.js';

const GIT_URL = 'https://bitbucket.org';
const API_URL = 'https://api.bitbucket.org/2.0';
const OAUTH_URL = 'https://bitbucket.org/site/oauth2';
const SSH_URL = 'ssh://git@bitbucket.org';

/** Bitbucket Cloud, by its public API and its git endpoint alone. */
export class BitbucketCloud implements Primary {
  readonly kind = 'bitbucket-cloud';
  readonly displayName: string;
  readonly onDemand = false;
  readonly configured: readonly RepositoryPath[] = [];
  readonly discovery: BitbucketDiscovery;
  readonly webhooks: BitbucketWebhooks;
  readonly sshUrl: string;
  readonly accessKeys: BitbucketAccessKeys;
  readonly people: BitbucketPeople;
  readonly oauth?: OAuth;
  readonly lfs: LfsClient;
  private readonly base: string;
  private readonly oracle: GitOracleOptions & { readonly agent: Agent };

  constructor(config: PrimaryConfig) {
    this.base = (config.PRIMARY_GIT_URL ?? GIT_URL).replace(/\/+$/, '');
    this.displayName = new URL(this.base).host;
    const timeoutMs = config.PRIMARY_TIMEOUT_SECONDS * 1000;
    this.oracle = { timeoutMs, agent: openAgent({ connections: config.PRIMARY_CONNECTIONS, timeoutMs }) };
    this.lfs = new LfsClient({ ...this.oracle, gitUrl: (path) => this.gitUrl(path) });
    const base = (config.PRIMARY_API_URL ?? API_URL).replace(/\/+$/, '');
    const rest = new RestClient({ base, timeoutMs, agent: this.oracle.agent });
    const workspace: WorkspaceOf = (credential) =>
      credential.workspace ?? config.PRIMARY_WORKSPACE ?? missingWorkspace();
    this.discovery = new BitbucketDiscovery(rest, workspace);
    this.webhooks = new BitbucketWebhooks(rest, workspace);
    this.sshUrl = config.PRIMARY_SSH_URL ?? SSH_URL;
    this.accessKeys = new BitbucketAccessKeys(rest, workspace);
    const impatient = { base, timeoutMs, agent: this.oracle.agent, times: PEOPLE_RETRY_TIMES };
    this.people = new BitbucketPeople(new RestClient(impatient));
    const consumer = readConsumer(config);
    if (consumer) this.oauth = new BitbucketOAuth({ ...consumer, timeoutMs, agent: this.oracle.agent }, rest);
  }

  parseRepositoryPath(path: string): RepositoryPath | undefined {
    return parseBitbucketPath(path);
  }

  gitUrl(path: RepositoryPath): string {
    return `${this.base}/${path}.git`;
  }

  sshPath(path: RepositoryPath): string {
    return `${path}.git`;
  }

  /** Whether Bitbucket's git takes Bearer is not documented, so a refused one is asked again in the documented form. */
  async authorize(question: AccessQuestion, signal?: AbortSignal): Promise<Verdict> {
    const asked = { ...question, url: this.gitUrl(question.path) };
    const verdict = await askGit(asked, this.oracle, signal);
    const basicForm =
      question.authorization === undefined ? undefined : bearerAsBasic(question.authorization);
    if (verdict.kind !== 'unauthenticated' || basicForm === undefined) return verdict;
    return askGit({ ...asked, authorization: basicForm }, this.oracle, signal);
  }

  relayAuthorization(authorization: string): string {
    return bearerAsBasic(authorization) ?? authorization;
  }

  gitAuthorization(credential: ConnectionCredential): string {
    return gitAuthorization(credential);
  }

  identify(path: RepositoryPath): RepositoryId {
    throw new AntipodeError('unsupported', 'deriving an identity from a path', { path });
  }

  async close(): Promise<void> {
    await this.oracle.agent.destroy();
  }
}

/** Services that share the settings of the primary need not have the secret: they are given no OAuth then. */
function readConsumer(config: PrimaryConfig): Omit<BitbucketOAuthOptions, 'agent' | 'timeoutMs'> | undefined {
  const { PRIMARY_OAUTH_KEY: key, PRIMARY_OAUTH_SECRET_FILE: file } = config;
  if (key === undefined || file === undefined) return undefined;
  return {
    base: (config.PRIMARY_OAUTH_URL ?? OAUTH_URL).replace(/\/+$/, ''),
    key,
    secret: () => readSecretFile('PRIMARY_OAUTH_SECRET_FILE', file),
    pkce: config.PRIMARY_OAUTH_PKCE,
  };
}

function missingWorkspace(): never {
  throw new AntipodeError(
    'not_connected',
    'asking the primary',
    {},
    { hint: 'This mirror is not connected to a workspace.' },
  );
}
