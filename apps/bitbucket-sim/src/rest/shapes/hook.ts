import { fullName } from '../../state/lookup.js';
import type { Hook, State } from '../../state/model.js';
import { encodeUuid, type Json, type Urls } from './links.js';
import { condensedRepositoryShape } from './repository.js';
import { workspaceShape } from './workspace.js';

export function hookShape(state: State, urls: Urls, hook: Hook): Json {
  return {
    type: 'webhook_subscription',
    uuid: hook.uuid,
    description: hook.description,
    url: hook.url,
    active: hook.active,
    skip_cert_verification: hook.skipCertVerification,
    events: hook.events,
    created_at: hook.createdAt,
    subject_type: hook.subject,
    subject: subjectShape(state, urls, hook),
    links: { self: urls.api(hookPath(state, hook)) },
    source: null,
    read_only: false,
    history_enabled: false,
    secret_set: hook.secret !== null,
  };
}

export function hookPath(state: State, hook: Hook): string {
  const id = encodeUuid(hook.uuid);
  const repository = state.repositories.find((one) => one.uuid === hook.subjectUuid);
  if (repository) return `/repositories/${fullName(state, repository)}/hooks/${id}`;
  const workspace = state.workspaces.find((one) => one.uuid === hook.subjectUuid);
  return `/workspaces/${workspace?.slug ?? ''}/hooks/${id}`;
}

function subjectShape(state: State, urls: Urls, hook: Hook): Json | null {
  const repository = state.repositories.find((one) => one.uuid === hook.subjectUuid);
  if (repository) return condensedRepositoryShape(state, urls, repository);
  const workspace = state.workspaces.find((one) => one.uuid === hook.subjectUuid);
  return workspace ? workspaceShape(urls, workspace) : null;
}
