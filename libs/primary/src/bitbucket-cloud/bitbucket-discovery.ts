import { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import type {
  ConnectionCredential,
  CredentialFacts,
  Discovery,
  ListRepositories,
  PrimaryProject,
  PrimaryRepository,
  ScopeNeed,
} from '../primary.js';
import { judgeScopes } from './needed-scopes.js';
import { parseBitbucketPath } from './repository-path.js';
import type { RestClient } from './rest/rest-client.js';
import type { WorkspaceOf } from './workspace-of.js';
import {
  ownerShape,
  projectShape,
  repositoryShape,
  type ProjectShape,
  type RepositoryShape,
} from './shapes.js';

const PAGE_LENGTH = '100';
const PROJECT_KEY = /^[A-Za-z0-9_]{1,128}$/;

// Asked for by name: a full repository is twenty times as long, and this list is read every minute.
const PROJECT_FIELDS = 'next,values.uuid,values.key,values.name,values.is_private';
const REPOSITORY_FIELDS = [
  'next',
  ...[
    'uuid',
    'full_name',
    'name',
    'scm',
    'is_private',
    'size',
    'updated_on',
    'project.key',
    'mainbranch.name',
  ].map((field) => `values.${field}`),
].join(',');

const something = z.object({ values: z.array(z.unknown()) });
const firstProject = z.object({ values: z.array(z.object({ workspace: ownerShape.nullish() })) });

/** Projects and repositories of one workspace. */
export class BitbucketDiscovery implements Discovery {
  constructor(
    private readonly rest: RestClient,
    private readonly workspace: WorkspaceOf,
  ) {}

  /** By the first of the projects and of the repositories: what every sweep asks for. The scopes are told with it. */
  async inspect(credential: ConnectionCredential, signal?: AbortSignal): Promise<CredentialFacts> {
    const path = `${this.projectsPath(credential)}?pagelen=1&fields=values.key,values.workspace.uuid`;
    const { value, scopes } = await this.rest.look(path, firstProject, { credential, signal });
    const repositories = `/repositories/${this.workspace(credential)}?pagelen=1&fields=values.uuid`;
    await this.rest.look(repositories, something, { credential, signal });
    const projects = value.values.length > 0 ? 'some' : 'none';
    const workspaceId = value.values[0]?.workspace?.uuid;
    return {
      projects,
      ...(scopes === undefined ? {} : { scopes }),
      ...(workspaceId === undefined ? {} : { workspaceId }),
    };
  }

  judgeScopes(granted: readonly string[]): ScopeNeed[] {
    return judgeScopes(granted);
  }

  async listProjects(credential: ConnectionCredential, signal?: AbortSignal): Promise<PrimaryProject[]> {
    const query = { pagelen: PAGE_LENGTH, fields: PROJECT_FIELDS };
    const projects: PrimaryProject[] = [];
    const path = this.projectsPath(credential);
    for await (const page of this.rest.pages(path, query, projectShape, { credential, signal })) {
      projects.push(...page.map(readProject));
    }
    return projects;
  }

  /**
   * No `role` is asked for: it means the role of a user, which an access token is not, and it hides public repositories
   * to which nobody was given a right of their own. Without it the list is exactly what the credential may read.
   */
  async *listRepositories(
    { credential, projectKey, visibility }: ListRepositories,
    signal?: AbortSignal,
  ): AsyncGenerator<PrimaryRepository[]> {
    const conditions = [
      ...(projectKey === undefined ? [] : [`project.key="${checkedKey(projectKey)}"`]),
      ...(visibility === 'public' ? ['is_private=false'] : []),
    ];
    const query = {
      sort: '-updated_on',
      pagelen: PAGE_LENGTH,
      fields: REPOSITORY_FIELDS,
      ...(conditions.length === 0 ? {} : { q: conditions.join(' AND ') }),
    };
    const path = `/repositories/${this.workspace(credential)}`;
    for await (const page of this.rest.pages(path, query, repositoryShape, { credential, signal })) {
      yield page.flatMap(readRepository);
    }
  }

  private projectsPath(credential: ConnectionCredential): string {
    return `/workspaces/${this.workspace(credential)}/projects`;
  }
}

/** A quote in a key would end the string of the query and begin another question. */
function checkedKey(key: string): string {
  if (PROJECT_KEY.test(key)) return key;
  throw new AntipodeError(
    'invalid',
    'listing repositories',
    {},
    { hint: 'That cannot be the key of a project.' },
  );
}

const readProject = (shape: ProjectShape): PrimaryProject => ({
  key: shape.key,
  name: shape.name ?? shape.key,
  id: shape.uuid,
  private: shape.is_private ?? true,
});

/** Nothing for what is no git repository, or bears a name that this mirror keeps for itself. */
function readRepository(shape: RepositoryShape): PrimaryRepository[] {
  const path = parseBitbucketPath(shape.full_name);
  if (path === undefined || (shape.scm ?? 'git') !== 'git') return [];
  const mainBranch = shape.mainbranch?.name;
  const repository: PrimaryRepository = {
    id: shape.uuid,
    path,
    name: shape.name ?? path,
    projectKey: shape.project?.key ?? '',
    // What does not say that it is public is not.
    public: shape.is_private === false,
    sizeBytes: Math.max(0, shape.size ?? 0),
    updatedOn: shape.updated_on ?? '',
    ...(mainBranch ? { mainBranch } : {}),
  };
  return [repository];
}
