import type { RefMove, SyncRun } from '../activity/sync-run.js';
import type { RepositoryUrls } from '../repositories/repository-urls.js';

/** A repository as Bitbucket Data Center describes one in its webhooks. */
export interface ToldRepository {
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly public: boolean;
  readonly project: { readonly key: string; readonly name: string };
  readonly urls: RepositoryUrls;
}

export interface ToldMirror {
  readonly id: string;
  readonly name: string;
}

type Json = Readonly<Record<string, unknown>>;

/** The body of `mirror:repo_synchronized` as Data Center sends it, with `node`, `repository.uuid` and `fullName` of ours. */
export const synchronizedBody = (run: SyncRun, repository: ToldRepository, mirror: ToldMirror): Json => ({
  ...about('mirror:repo_synchronized', run, repository, mirror),
  syncType: run.outcome === 'cloned' ? 'SNAPSHOT' : 'INCREMENTAL',
  // Then clients look at everything.
  refLimitExceeded: run.changeCount > run.changes.length,
  changes: run.changes.map(change).filter((one) => one !== undefined),
});

/** Ours: a repository has begun to fail. */
export const failingBody = (run: SyncRun, repository: ToldRepository, mirror: ToldMirror): Json => ({
  ...about('mirror:repo_failing', run, repository, mirror),
  error: run.error,
});

function about(eventKey: string, run: SyncRun, repository: ToldRepository, mirror: ToldMirror): Json {
  return {
    eventKey,
    date: writeDate(run.endedAt),
    actor: {},
    mirrorServer: { id: mirror.id, name: mirror.name },
    node: run.node,
    repository: describe(repository),
  };
}

function describe({ id, path, name, public: isPublic, project, urls }: ToldRepository): Json {
  const { primary } = urls;
  return {
    id: numberOf(id),
    uuid: id,
    fullName: path,
    slug: path.split('/').at(-1),
    name,
    scmId: 'git',
    state: 'AVAILABLE',
    public: isPublic,
    // Some clients do not read a project without a name, or without links.
    project: { key: project.key, name: project.name || project.key, links: {} },
    links: { clone: [...links(primary), ...links(urls)] },
  };
}

/** Clone links as Data Center names them: "http" also where it is https. */
export function links({
  https,
  ssh,
}: {
  https: string | null;
  ssh: string | null;
}): { name: string; href: string }[] {
  const named = [
    { name: 'http', href: https },
    { name: 'ssh', href: ssh },
  ];
  return named.filter((one): one is { name: string; href: string } => one.href !== null);
}

/** Data Center's ids are numbers of 31 bits, and its clients read nothing else. Ours follows from the UUID. */
export const numberOf = (id: string): number => Number.parseInt(id.slice(0, 8), 16) & 0x7fffffff;

const KINDS = [
  { prefix: 'refs/heads/', type: 'BRANCH' },
  { prefix: 'refs/tags/', type: 'TAG' },
];

/** Data Center knows branches and tags; its clients do not read anything else. */
function change({ ref, from, to }: RefMove): Json | undefined {
  const kind = KINDS.find(({ prefix }) => ref.startsWith(prefix));
  if (!kind) return undefined;
  const none = '0'.repeat((from ?? to ?? '').length);
  return {
    ref: { id: ref, displayId: ref.slice(kind.prefix.length), type: kind.type },
    refId: ref,
    fromHash: from ?? none,
    toHash: to ?? none,
    type: from === null ? 'ADD' : to === null ? 'DELETE' : 'UPDATE',
  };
}

/** "2026-07-01T08:09:10+0000": the form that all of its clients read. */
export const writeDate = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, '+0000');
