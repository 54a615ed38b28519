import { SCOPES } from '../../access/scopes.js';
import { resolve } from '../../git/make-commit.js';
import { readExactCommits } from '../../git/read-commits.js';
import { readRefs, type Ref } from '../../git/read-refs.js';
import { runGit } from '../../git/run-git.js';
import type { Repository } from '../../state/model.js';
import { listAnswer } from '../page.js';
import { badRequest, notFound, RestError } from '../rest-error.js';
import { repositoryOfCall, textOf } from '../resolve.js';
import { actorOf, noContent, ok, type Answer, type Call, type RestRoute } from '../rest-route.js';
import type { Json } from '../shapes/links.js';
import { refShape } from '../shapes/ref.js';

type Kind = Ref['type'];

const NAMESPACE: Readonly<Record<Kind, string>> = { branch: 'refs/heads', tag: 'refs/tags' };
/** `sort=name` counts numbers as numbers: v9 before v10. */
const natural = (a: unknown, b: unknown): number =>
  String(a).localeCompare(String(b), 'en', { numeric: true });

/** Sorted and paged by name and date first; only the page's commits are read. */
async function list(call: Call, ...kinds: Kind[]): Promise<Answer> {
  const repository = repositoryOfCall(call);
  const refs = await readRefs(call.sim.disk.path(repository), ...kinds.map((kind) => NAMESPACE[kind]));
  const byRef = new Map(refs.map((ref) => [ref.ref, ref]));
  const items = refs.map((ref) => ({
    name: ref.name,
    type: ref.type,
    ref: ref.ref,
    target: { hash: ref.commit, date: ref.date },
  }));
  const answer = listAnswer(call, {
    items,
    filter: ['name', 'target.hash', 'target.date'],
    sort: ['name', 'target.date', 'target.hash'],
    compare: { name: natural },
  });
  const page = answer.json as Json;
  const shownRefs = (page['values'] as Json[]).flatMap((item) => byRef.get(String(item['ref'])) ?? []);
  return ok({ ...page, values: await shapes(call, repository, shownRefs) });
}

async function shapes(call: Call, repository: Repository, refs: readonly Ref[]): Promise<Json[]> {
  const hashes = [...new Set(refs.map((ref) => ref.commit))];
  const commits = await readExactCommits(call.sim.disk.path(repository), hashes);
  const byHash = new Map(commits.map((commit) => [commit.hash, commit]));
  return refs.map((ref) => refShape(call.state, call.urls, repository, ref, byHash.get(ref.commit)));
}

async function refOf(call: Call, repository: Repository, kind: Kind, name: string): Promise<Ref> {
  const [found] = await readRefs(call.sim.disk.path(repository), `${NAMESPACE[kind]}/${name}`);
  if (found?.name !== name) throw notFound(`${kind === 'tag' ? 'Tag' : 'Branch'} "${name}" not found`);
  return found;
}

async function one(call: Call, kind: Kind): Promise<Answer> {
  const repository = repositoryOfCall(call);
  const ref = await refOf(call, repository, kind, call.params['name'] ?? '');
  return ok((await shapes(call, repository, [ref]))[0]);
}

async function create(call: Call, kind: Kind): Promise<Answer> {
  const repository = repositoryOfCall(call, 'write');
  const path = call.sim.disk.path(repository);
  const name = textOf(call.body, 'name') ?? '';
  const target = call.body['target'];
  const wanted = typeof target === 'object' && target !== null ? textOf(target as Json, 'hash') : undefined;
  const ref = `${NAMESPACE[kind]}/${name}`;
  await runGit(path, ['check-ref-format', ref]).catch(() => {
    throw badRequest('Invalid ref name');
  });
  const hash = wanted === undefined ? null : await resolve(path, wanted);
  if (hash === null) throw badRequest('The target could not be resolved.');
  await call.sim.perRepository.run(repository.uuid, async () => {
    const input = `create ${ref}\0${hash}\0`;
    await runGit(path, ['update-ref', '-z', '--stdin'], { input }).catch(() => {
      throw new RestError(400, `"${name}" already exists.`);
    });
    await call.sim.pushes.record(repository, actorOf(call.principal), [{ ref, old: null, new: hash }]);
  });
  const made = await refOf(call, repository, kind, name);
  return { status: 201, json: (await shapes(call, repository, [made]))[0] };
}

async function remove(call: Call, kind: Kind): Promise<Answer> {
  const repository = repositoryOfCall(call, 'write');
  const name = call.params['name'] ?? '';
  const { ref, oid } = await refOf(call, repository, kind, name);
  if (kind === 'branch' && name === repository.mainbranch)
    throw badRequest('The main branch cannot be deleted.');
  await call.sim.perRepository.run(repository.uuid, async () => {
    await runGit(call.sim.disk.path(repository), ['update-ref', '-d', ref, oid]);
    await call.sim.pushes.record(repository, actorOf(call.principal), [{ ref, old: oid, new: null }]);
  });
  return noContent();
}

const ALL = '/repositories/:workspace/:repository/refs';

const reading = { method: 'GET', scopes: SCOPES.readRepository, callers: 'anyone' } as const;
const making = { method: 'POST', scopes: SCOPES.writeAndReadRepository, callers: 'authenticated' } as const;
const removing = { method: 'DELETE', scopes: SCOPES.writeRepository, callers: 'authenticated' } as const;

function routesOf(kind: Kind, prefix: string): RestRoute[] {
  const named = `${prefix}/:name*`;
  return [
    { ...reading, path: prefix, handle: (call) => list(call, kind) },
    { ...making, path: prefix, handle: (call) => create(call, kind) },
    { ...reading, path: named, handle: (call) => one(call, kind) },
    { ...removing, path: named, handle: (call) => remove(call, kind) },
  ];
}

export const REFS: readonly RestRoute[] = [
  { ...reading, path: ALL, handle: (call) => list(call, 'branch', 'tag') },
  ...routesOf('branch', `${ALL}/branches`),
  ...routesOf('tag', `${ALL}/tags`),
];
