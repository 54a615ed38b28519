import { authorizeAs } from './authorize-as.js';
import type { GitCredential } from './git.js';
import { SimLfs } from './sim-lfs.js';
import type {
  NewCommit,
  SimCounters,
  SimDeployKey,
  SimFaults,
  SimKeySubject,
  SimPush,
  SimSshKey,
  SimState,
} from './sim-shapes.js';

/** The simulated Bitbucket, by its control API and by its REST API as the workspace's owner. */
export class SimApi {
  /** Its large files. */
  readonly lfs = new SimLfs(this);

  constructor(
    private readonly url: string,
    /** E-mail and API token of the owner: the REST form of the credential. */
    private readonly owner: GitCredential,
  ) {}

  state(): Promise<SimState> {
    return this.control('GET', '/state');
  }

  counters(): Promise<SimCounters> {
    return this.control('GET', '/counters');
  }

  /** From here on everything is counted anew, and nobody has used up a rate limit. */
  async resetCounters(): Promise<void> {
    await this.control('DELETE', '/counters');
    await this.control('DELETE', '/rate-limits');
  }

  /** Replaces all faults. */
  async faults(faults: SimFaults): Promise<void> {
    await this.control('PUT', '/faults', faults);
  }

  async heal(): Promise<void> {
    await this.control('DELETE', '/faults');
  }

  /** Runs `during` with these faults, and heals everything afterwards. */
  async withFaults<T>(faults: SimFaults, during: () => Promise<T>): Promise<T> {
    await this.faults(faults);
    try {
      return await during();
    } finally {
      await this.heal();
    }
  }

  /** Commits as if somebody had pushed. @returns the commit's oid */
  async commit(path: string, commit: NewCommit = {}): Promise<string> {
    const { hash } = await this.control<{ hash: string }>('POST', `/repositories/${path}/commit`, commit);
    return hash;
  }

  /** Moves refs as if somebody had pushed them; null deletes. */
  async moveRefs(path: string, refs: Readonly<Record<string, string | null>>): Promise<void> {
    await this.control('POST', `/repositories/${path}/refs`, { refs });
  }

  async refs(path: string): Promise<{ head: string; refs: Record<string, string> }> {
    return this.control('GET', `/repositories/${path}/refs`);
  }

  /** Gives a user a key. @param publicKey the line of `….pub` */
  async addSshKey(
    username: string,
    publicKey: string,
    more: { label?: string; expiresOn?: string } = {},
  ): Promise<SimSshKey> {
    return this.control('POST', `/users/${username}/ssh-keys`, { publicKey, ...more });
  }

  /** @param connections `break` also cuts those that the key has opened */
  async removeSshKey(username: string, uuid: string, connections: 'keep' | 'break' = 'keep'): Promise<void> {
    const query = connections === 'break' ? '?streams=break' : '';
    await this.control('DELETE', `/users/${username}/ssh-keys/${encodeURIComponent(uuid)}${query}`);
  }

  /** An access key, read-only. @param subject "workspace/slug", or a project: { workspace, project: its key } */
  async addDeployKey(subject: SimKeySubject, publicKey: string, label = ''): Promise<SimDeployKey> {
    return this.control('POST', deployKeys(subject), { publicKey, label });
  }

  async removeDeployKey(subject: SimKeySubject, id: number): Promise<void> {
    await this.control('DELETE', `${deployKeys(subject)}/${id}`);
  }

  /** The pushes by git since the start or `forgetPushes`, oldest first. */
  async pushes(): Promise<SimPush[]> {
    return (await this.control<{ pushes: SimPush[] }>('GET', '/pushes')).pushes;
  }

  async forgetPushes(): Promise<void> {
    await this.control('DELETE', '/pushes');
  }

  /** Every push is refused by a hook that says this; null takes it back. */
  async rejectPushes(path: string, text: string | null): Promise<void> {
    await this.control('PATCH', `/repositories/${path}`, { rejection: text });
  }

  /**
   * A branch restriction, as an administrator makes it.
   *
   * @param rule users: who may push in spite of kind `push`, by username. @returns its id, for `liftRestriction`
   */
  async restrictBranch(
    path: string,
    rule: { kind: 'push' | 'force' | 'delete'; pattern: string; users?: readonly string[] },
  ): Promise<number> {
    const { users } = await this.state();
    const exempt = users.filter(({ username }) => rule.users?.includes(username));
    const body = { ...rule, users: exempt.map(({ uuid }) => ({ uuid })) };
    const { id } = await this.rest<{ id: number }>('POST', `/repositories/${path}/branch-restrictions`, body);
    return id;
  }

  async liftRestriction(path: string, id: number): Promise<void> {
    await this.rest('DELETE', `/repositories/${path}/branch-restrictions/${id}`);
  }

  /** Cuts all connections and answers under way, once: HTTPS and SSH. */
  async breakStreams(): Promise<void> {
    await this.control('DELETE', '/streams');
  }

  /** Takes back what a person has allowed applications: their tokens die. @param streams `break` also cuts answers under way */
  async revokeGrants(username: string, streams: 'keep' | 'break' = 'keep'): Promise<void> {
    await this.control('DELETE', `/users/${username}/grants${streams === 'break' ? '?streams=break' : ''}`);
  }

  /** Changes the sample's application. @param changes `callbackUrl` null is not checked */
  async changeConsumer(changes: { callbackUrl?: string | null; scopes?: readonly string[] }): Promise<void> {
    const { oauth } = await this.state();
    await this.control('PATCH', `/oauth/consumers/${oauth.key}`, changes);
  }

  /** Says yes on the consent page, as this user. @returns the callback's address with `code` and `state` */
  async authorizeAs(
    username: string,
    authorizeUrl: string,
    decision: 'allow' | 'deny' = 'allow',
  ): Promise<string> {
    const user = (await this.state()).users.find((one) => one.username === username);
    if (!user) throw new Error(`no user ${username}`);
    return authorizeAs(user, authorizeUrl, decision);
  }

  /** Changes how the simulator behaves where the documentation is silent, and how long things live (see its README). */
  async settings(changes: Readonly<Record<string, unknown>>): Promise<void> {
    await this.control('PATCH', '/settings', changes);
  }

  /** Waits until no webhook is on its way any more. */
  async settleWebhooks(): Promise<unknown[]> {
    const { deliveries } = await this.control<{ deliveries: unknown[] }>('GET', '/deliveries?settle');
    return deliveries;
  }

  /** Creates a repository. @param path "workspace/slug" */
  async create(path: string, project: string, visibility: 'private' | 'public' = 'private'): Promise<void> {
    const body = { scm: 'git', project: { key: project }, is_private: visibility === 'private' };
    await this.rest('POST', `/repositories/${path}`, body);
  }

  /** Changes a repository as its owner does by REST: `{name}` renames it, `{is_private}`, `{project: {key}}`. */
  async change(path: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
    await this.rest('PUT', `/repositories/${path}`, changes);
  }

  async remove(path: string): Promise<void> {
    await this.rest('DELETE', `/repositories/${path}`);
  }

  /** @throws Error with the answer's body where the status is not 2xx */
  async rest<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const { username, password } = this.owner;
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    return ask(method, `${this.url}/2.0${path}`, body, { authorization });
  }

  async control<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    return ask(method, `${this.url}/_sim${path}`, body);
  }
}

const deployKeys = (subject: SimKeySubject): string =>
  typeof subject === 'string'
    ? `/repositories/${subject}/deploy-keys`
    : `/workspaces/${subject.workspace}/projects/${subject.project}/deploy-keys`;

async function ask<T>(
  method: string,
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
