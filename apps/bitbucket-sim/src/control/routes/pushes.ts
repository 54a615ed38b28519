import { z } from 'zod';
import { makeCommit, resolve } from '../../git/make-commit.js';
import { readRefs } from '../../git/read-refs.js';
import type { RefUpdate } from '../../git/ref-update.js';
import { runGit } from '../../git/run-git.js';
import type { Repository } from '../../state/model.js';
import { ControlError, type ControlCall, type ControlRoute } from '../control-route.js';
import { actorOf, repositoryOf } from '../find.js';

const ONE = '/repositories/:workspace/:repository';

const commitBody = z.strictObject({
  branch: z.string().min(1).optional(),
  files: z.record(z.string(), z.string().nullable()).default({}),
  message: z.string().default('Change something'),
  /** Any revision, or null for a commit without parent. */
  parent: z.string().nullable().optional(),
  force: z.boolean().default(false),
  user: z.string().optional(),
  /** ISO-8601; now when absent. */
  date: z.string().optional(),
});

/** Commits and "pushes" in one step: the same consequences as a push by git, without the client. */
function commit(call: ControlCall) {
  const order = call.read(commitBody);
  const repository = repositoryOf(call);
  const actor = actorOf(call, order.user);
  return exclusively(call, repository, async (path) => {
    const { hash, update } = await makeCommit(path, {
      branch: order.branch ?? repository.mainbranch ?? 'main',
      files: order.files,
      message: order.message,
      author: actor ? `${actor.displayName} <${actor.email}>` : 'Nobody <nobody@example.com>',
      at: Math.floor((order.date === undefined ? Date.now() : Date.parse(order.date)) / 1000),
      ...(order.parent === undefined ? {} : { parent: order.parent }),
      mode: order.force ? 'force' : 'fast-forward',
    });
    await call.sim.pushes.record(repository, actor, [update]);
    return { hash, ...update };
  });
}

const refsBody = z.strictObject({
  user: z.string().optional(),
  /** Full ref name → any revision, or null to delete it. */
  refs: z.record(z.string().regex(/^refs\/\S+$/), z.string().regex(/^\S+$/).nullable()),
});

/** Moves, creates and deletes refs in one transaction: one push with several changes. */
function moveRefs(call: ControlCall) {
  const { refs, user } = call.read(refsBody);
  const repository = repositoryOf(call);
  return exclusively(call, repository, async (path) => {
    const updates = await plan(path, Object.entries(refs));
    const input = updates.map((one) => `update ${one.ref}\0${one.new ?? ''}\0${one.old ?? ''}\0`).join('');
    await runGit(path, ['update-ref', '-z', '--stdin'], { input });
    const moved = updates.filter((one) => one.old !== one.new);
    await call.sim.pushes.record(repository, actorOf(call, user), moved);
    return { updates: moved };
  });
}

async function plan(path: string, refs: readonly (readonly [string, string | null])[]): Promise<RefUpdate[]> {
  const asked = refs.flatMap(([ref, to]) => [ref, to ?? ref]);
  const found = await exactOids(path, asked);
  return refs.map(([ref, to], i) => {
    const [old = null, target = null] = [found[2 * i], found[2 * i + 1]];
    if (to !== null && target === null) throw new ControlError(400, `no such revision: ${to}`);
    return { ref, old, new: to === null ? null : target };
  });
}

/** Unpeeled, so that an annotated tag stays one; null for what is not there. One process for all. */
async function exactOids(path: string, revisions: readonly string[]): Promise<(string | null)[]> {
  const input = revisions.map((revision) => `${revision}\n`).join('');
  const text = await runGit(path, ['cat-file', '--batch-check=%(objectname)'], { input });
  const lines = text.split('\n');
  return revisions.map((_, i) => (/^[0-9a-f]{40,64}$/.test(lines[i] ?? '') ? (lines[i] ?? null) : null));
}

/** A whole `git fast-import` stream as the body: big histories in one request. */
function importStream(call: ControlCall) {
  const repository = repositoryOf(call);
  return exclusively(call, repository, async (path) => {
    const before = await snapshot(path);
    await runGit(path, ['fast-import', '--quiet', '--force'], { input: call.raw });
    const after = await snapshot(path);
    const updates = [...new Set([...before.keys(), ...after.keys()])]
      .map((ref) => ({ ref, old: before.get(ref) ?? null, new: after.get(ref) ?? null }))
      .filter((one) => one.old !== one.new);
    await call.sim.pushes.record(repository, actorOf(call, undefined), updates);
    return { updates: updates.length };
  });
}

async function snapshot(path: string): Promise<Map<string, string>> {
  return new Map((await readRefs(path, 'refs/')).map(({ ref, oid }) => [ref, oid]));
}

async function listRefs(call: ControlCall) {
  const path = call.sim.disk.path(repositoryOf(call));
  const head = (await runGit(path, ['symbolic-ref', 'HEAD'])).trim();
  const refs = await readRefs(path, 'refs/');
  return {
    head,
    tip: await resolve(path, 'HEAD'),
    refs: Object.fromEntries(refs.map(({ ref, oid }) => [ref, oid])),
  };
}

function exclusively<T>(
  call: ControlCall,
  repository: Repository,
  task: (path: string) => Promise<T>,
): Promise<T> {
  return call.sim.perRepository.run(repository.uuid, () => task(call.sim.disk.path(repository)));
}

/** Refs moved without a git client, with all the consequences of a push. */
export const PUSH_ROUTES: readonly ControlRoute[] = [
  { method: 'POST', path: `${ONE}/commit`, handle: commit },
  { method: 'GET', path: `${ONE}/refs`, handle: listRefs },
  { method: 'POST', path: `${ONE}/refs`, handle: moveRefs },
  { method: 'POST', path: `${ONE}/import`, handle: importStream },
];
