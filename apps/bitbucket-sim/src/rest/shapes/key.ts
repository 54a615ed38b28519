import { findUser, fullName, workspaceOf } from '../../state/lookup.js';
import type { DeployKey, SshKey } from '../../state/key-model.js';
import type { State } from '../../state/model.js';
import type { Json, Urls } from './links.js';
import { projectShape } from './project.js';
import { condensedRepositoryShape } from './repository.js';
import { userShape } from './user.js';

const bare = (uuid: string): string => uuid.slice(1, -1);

/** The link has the owner with braces and the key without. */
export const sshKeyPath = (key: SshKey): string =>
  `/users/${encodeURIComponent(key.ownerUuid)}/ssh-keys/${bare(key.uuid)}`;

export function sshKeyShape(state: State, urls: Urls, key: SshKey): Json {
  const owner = findUser(state, key.ownerUuid);
  return {
    type: 'ssh_key',
    uuid: key.uuid,
    key: key.key,
    comment: key.comment,
    label: key.label,
    fingerprint: key.fingerprint,
    created_on: key.createdOn,
    expires_on: key.expiresOn,
    last_used: key.lastUsed,
    owner: owner ? userShape(urls, owner) : null,
    links: { self: urls.api(sshKeyPath(key)) },
  };
}

/** No fingerprint: whoever wants one computes it. */
export function deployKeyShape(state: State, urls: Urls, key: DeployKey): Json {
  const repository = state.repositories.find((one) => one.uuid === key.subjectUuid);
  const project = state.projects.find((one) => one.uuid === key.subjectUuid);
  const shared = {
    id: key.id,
    key: key.key,
    label: key.label,
    comment: key.comment,
    created_on: key.createdOn,
    last_used: key.lastUsed,
  };
  if (repository) {
    return {
      ...shared,
      type: 'deploy_key',
      repository: condensedRepositoryShape(state, urls, repository),
      links: { self: urls.api(`/repositories/${fullName(state, repository)}/deploy-keys/${key.id}`) },
    };
  }
  const path = project ? `/workspaces/${workspaceOf(state, project).slug}/projects/${project.key}` : '';
  return {
    ...shared,
    type: 'project_deploy_key',
    project: project ? projectShape(state, urls, project) : null,
    links: { self: urls.api(`${path}/deploy-keys/${key.id}`) },
  };
}
