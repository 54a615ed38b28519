import type { RepositoryPath } from '@antipode/domain';
import type { AccessKey, AccessKeys } from '../access-keys.js';
import type { ConnectionCredential } from '../primary.js';
import { readPublicKey } from '../read-public-key.js';
import type { RestClient } from './rest/rest-client.js';
import { deployKeyShape } from './shapes.js';
import type { WorkspaceOf } from './workspace-of.js';

/** Deploy keys of repositories and projects. Bitbucket gives no fingerprint for them, so the keys themselves are read. */
export class BitbucketAccessKeys implements AccessKeys {
  constructor(
    private readonly rest: RestClient,
    private readonly workspace: WorkspaceOf,
  ) {}

  ofRepository(
    credential: ConnectionCredential,
    path: RepositoryPath,
    signal?: AbortSignal,
  ): Promise<AccessKey[]> {
    return this.list(`/repositories/${path}/deploy-keys`, credential, signal);
  }

  ofProject(
    credential: ConnectionCredential,
    projectKey: string,
    signal?: AbortSignal,
  ): Promise<AccessKey[]> {
    const project = `/workspaces/${this.workspace(credential)}/projects/${encodeURIComponent(projectKey)}`;
    return this.list(`${project}/deploy-keys`, credential, signal);
  }

  private async list(
    path: string,
    credential: ConnectionCredential,
    signal: AbortSignal | undefined,
  ): Promise<AccessKey[]> {
    const keys: AccessKey[] = [];
    for await (const page of this.rest.pages(path, { pagelen: '100' }, deployKeyShape, {
      credential,
      signal,
    })) {
      for (const { id, key, label } of page) {
        const publicKey = readPublicKey(key);
        if (publicKey) keys.push({ id: String(id), publicKey, label: label ?? '' });
      }
    }
    return keys;
  }
}
