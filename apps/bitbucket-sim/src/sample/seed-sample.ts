import { emptyGrants } from '../state/empty-grants.js';
import { newOpaque, newSecret, slugify, uuidFor } from '../state/identity.js';
import type { Project, Repository, Token, User, Workspace } from '../state/model.js';
import type { OAuthConsumer } from '../state/oauth-model.js';
import type { RepositoryDisk } from '../git/repository-disk.js';
import { runGit } from '../git/run-git.js';
import type { LfsDisk } from '../lfs/lfs-disk.js';
import type { StateStore } from '../state/state.store.js';
import { sampleHistory, type HistoryPlan } from './sample-history.js';
import { seedLargeFiles } from './sample-large-files.js';
import { DEVELOPER_SCOPES, SAMPLE } from './sample-names.js';

const CREATED = '2024-03-01T08:00:00.000000+00:00';
const ADMIN_SCOPES = [
  'read:user', 'read:workspace', 'read:project', 'admin:project', 'read:repository', 'write:repository', 'admin:repository',
  'delete:repository', 'read:permission', 'write:permission', 'delete:permission', 'read:webhook', 'write:webhook', 'delete:webhook',
  'read:pullrequest', 'read:ssh-key', 'write:ssh-key', 'delete:ssh-key',
]; // prettier-ignore
/** Access keys are listed by administrators only. */
const MIRROR_SCOPES = ['project', 'project:admin', 'repository', 'repository:admin', 'webhook'];
/**
 * What the mirror asks people for: who they are, their keys, and to fetch and push as they; and, of an administrator who
 * connects it, what the mirror's own token may.
 */
const CONSUMER_SCOPES = [
  'account', 'repository', 'repository:write', 'repository:admin', 'project', 'project:admin', 'webhook',
]; // prettier-ignore

interface Person {
  readonly username: string;
  readonly displayName: string;
  readonly scopes: readonly string[];
}

const PEOPLE: readonly Person[] = [
  { username: 'olivia', displayName: 'Olivia Owner', scopes: ADMIN_SCOPES },
  { username: 'walter', displayName: 'Walter Writer', scopes: DEVELOPER_SCOPES },
  { username: 'rita', displayName: 'Rita Reader', scopes: DEVELOPER_SCOPES },
  { username: 'sven', displayName: 'Sven Stranger', scopes: DEVELOPER_SCOPES },
];

interface RepositoryPlan {
  readonly project: string;
  readonly name: string;
  readonly description: string;
  readonly history: Omit<HistoryPlan, 'seed' | 'last'> | null;
  /** The one that has large files. */
  readonly large?: true;
}

const RELEASES = ['v1.0.0', 'v1.1.0', 'nightly', 'v1.2.0', 'v2.0.0'];

const REPOSITORIES: readonly RepositoryPlan[] = [
  {
    project: 'WEB',
    name: 'Storefront',
    description: 'The shop that customers see',
    history: {
      commits: 340,
      folders: ['src/pages', 'src/parts', 'tests'],
      extension: 'ts',
      branches: ['develop', 'feature/checkout', 'release/2.0'],
      tags: RELEASES,
    },
  },
  {
    project: 'WEB',
    name: 'Checkout API',
    description: 'Takes the money',
    history: {
      commits: 90,
      folders: ['api', 'lib'],
      extension: 'go',
      branches: ['develop', 'bugfix/rounding'],
      tags: RELEASES.slice(0, 3),
    },
  },
  {
    project: 'WEB',
    name: 'Design System',
    description: 'Buttons, mostly',
    history: {
      commits: 25,
      folders: ['components', 'tokens'],
      extension: 'css',
      branches: ['next'],
      tags: ['v0.1.0'],
    },
    large: true,
  },
  { project: 'WEB', name: 'Playground', description: 'Nothing here yet', history: null },
  {
    project: 'DATA',
    name: 'Pipelines',
    description: 'Nightly jobs',
    history: {
      commits: 120,
      folders: ['jobs', 'sql'],
      extension: 'py',
      branches: ['staging'],
      tags: RELEASES.slice(0, 2),
    },
  },
  {
    project: 'DATA',
    name: 'Warehouse',
    description: 'Models and measurements',
    history: {
      commits: 40,
      folders: ['models'],
      extension: 'sql',
      branches: [],
      tags: ['v1.0.0'],
      blobBytes: 1_500_000,
    },
  },
  {
    project: 'PUB',
    name: 'Handbook',
    description: 'How we work, for everybody to read',
    history: {
      commits: 45,
      folders: ['guides', 'policies'],
      extension: 'md',
      branches: ['drafts'],
      tags: ['2024.1', '2024.2'],
    },
  },
];

export interface SampleDisks {
  readonly store: StateStore;
  readonly disk: RepositoryDisk;
  readonly lfsDisk: LfsDisk;
}

/** Fills an empty simulator with the workspace `acme`. Does nothing where it is there already. */
export async function seedSample(disks: SampleDisks): Promise<void> {
  const { store } = disks;
  const { state } = store;
  if (state.workspaces.some(({ slug }) => slug === SAMPLE.workspace)) return;
  const users = PEOPLE.map(userFrom);
  const workspace = workspaceFrom(users);
  const projects = projectsFrom(workspace, users);
  const repositories = REPOSITORIES.map((plan, i) => repositoryFrom(plan, i, workspace, projects));
  await Promise.all(repositories.map((one, i) => makeHistory(disks, one, REPOSITORIES[i])));
  state.users.push(...users);
  state.workspaces.push(workspace);
  state.projects.push(...projects);
  state.repositories.push(...repositories);
  state.tokens.push(...tokensFrom(workspace, users));
  state.oauth.consumers.push(consumerOf(workspace));
  // Everything of the demo lives on one machine, the mirror's webhook endpoint included.
  state.settings.allowInternalHookUrls = true;
  await store.save();
}

const consumerOf = (workspace: Workspace): OAuthConsumer => ({
  key: newOpaque('consumer:key').slice(0, 18),
  secret: newOpaque('consumer:secret').slice(0, 32),
  name: SAMPLE.consumer,
  // Where the mirror will be is not known here.
  callbackUrl: null,
  scopes: CONSUMER_SCOPES,
  workspaceUuid: workspace.uuid,
});

const userFrom = ({ username, displayName }: Person): User => {
  const uuid = uuidFor(`user:${username}`);
  return {
    uuid,
    accountId: `557058:${uuid.slice(1, -1)}`,
    username,
    displayName,
    email: `${username}@example.com`,
    createdOn: CREATED,
  };
};

function workspaceFrom([olivia, walter, rita]: User[]): Workspace {
  const members: Workspace['members'] = {};
  if (olivia) members[olivia.uuid] = 'owner';
  for (const user of [walter, rita]) if (user) members[user.uuid] = 'member';
  return {
    uuid: uuidFor('workspace:acme'),
    slug: SAMPLE.workspace,
    name: 'Acme',
    createdOn: CREATED,
    members,
    groups: [],
    seats: 25,
  };
}

/** Walter writes everywhere, Rita reads one project. */
function projectsFrom(workspace: Workspace, users: User[]): Project[] {
  const walter = users[1]?.uuid ?? '';
  const rita = users[2]?.uuid ?? '';
  const project = (key: string, name: string, description: string, isPrivate: boolean): Project => ({
    uuid: uuidFor(`project:${key}`),
    workspaceUuid: workspace.uuid,
    key,
    name,
    description,
    isPrivate,
    createdOn: CREATED,
    updatedOn: CREATED,
    grants: {
      users: { [walter]: 'write', ...(key === 'WEB' ? { [rita]: 'read' as const } : {}) },
      groups: {},
    },
  });
  return [
    project('WEB', 'Web shop', 'Everything that customers see', true),
    project('DATA', 'Data', 'Everything that customers leave behind', true),
    project('PUB', 'Public', 'For everybody', false),
  ];
}

function repositoryFrom(
  plan: RepositoryPlan,
  index: number,
  workspace: Workspace,
  projects: Project[],
): Repository {
  const slug = slugify(plan.name);
  const project = projects.find(({ key }) => key === plan.project);
  return {
    uuid: uuidFor(`repository:${slug}`),
    workspaceUuid: workspace.uuid,
    projectUuid: project?.uuid ?? '',
    slug,
    name: plan.name,
    description: plan.description,
    language: '',
    website: '',
    isPrivate: project?.isPrivate ?? true,
    forkPolicy: 'allow_forks',
    parentUuid: null,
    mainbranch: plan.history ? 'main' : null,
    sizeBytes: 0,
    createdOn: CREATED,
    updatedOn: CREATED.replace('-01T', `-0${index + 1}T`),
    grants: emptyGrants(),
  };
}

async function makeHistory(
  { disk, lfsDisk }: SampleDisks,
  repository: Repository,
  plan: RepositoryPlan | undefined,
): Promise<void> {
  await disk.create(repository);
  if (!plan?.history) return;
  const last = plan.large ? await seedLargeFiles(lfsDisk, repository) : [];
  const input = sampleHistory({ seed: repository.name, ...plan.history, last });
  await runGit(disk.path(repository), ['fast-import', '--quiet', '--done'], { input });
  repository.sizeBytes = await disk.size(repository);
}

function tokensFrom(workspace: Workspace, users: User[]): Token[] {
  const token = (
    kind: Token['kind'],
    name: string,
    scopes: readonly string[],
    ownerUuid: string,
    seed: string,
  ): Token => ({
    id: uuidFor(`token:${seed}`).slice(1, -1),
    kind,
    secret: newSecret(kind === 'api' ? 'api' : 'access', seed),
    name,
    scopes: [...scopes],
    ownerUuid,
    expiresOn: null,
    revokedOn: null,
  });
  return [
    ...users.map((user, i) => {
      const scopes = (PEOPLE[i]?.scopes ?? []).map((scope) => `${scope}:bitbucket`);
      return token('api', `${user.displayName}'s token`, scopes, user.uuid, user.username);
    }),
    token('workspace', SAMPLE.mirrorToken, MIRROR_SCOPES, workspace.uuid, 'mirror'),
  ];
}
