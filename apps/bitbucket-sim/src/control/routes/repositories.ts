import { z } from 'zod';
import { createRepository, deleteRepository, transferRepository } from '../../git/change-repository.js';
import { slugify } from '../../state/identity.js';
import { ControlError, type ControlCall, type ControlRoute } from '../control-route.js';
import { actorOf, projectOf, repositoryOf, workspaceOf } from '../find.js';

const ONE = '/repositories/:workspace/:repository';

const creation = z.strictObject({
  project: z.string(),
  isPrivate: z.boolean().optional(),
  name: z.string().optional(),
  description: z.string().optional(),
  user: z.string().optional(),
});

/** As REST's POST, without its scopes and limits. */
async function create(call: ControlCall) {
  const { project: key, name, isPrivate, description, user } = call.read(creation);
  const workspace = workspaceOf(call, call.params['workspace']);
  const project = projectOf(call, workspace, key);
  const slug = slugify(call.params['repository'] ?? '');
  const exists = call.sim.store.state.repositories.some(
    (one) => one.workspaceUuid === workspace.uuid && one.slug === slug,
  );
  if (exists || slug === '')
    throw new ControlError(409, `there is a repository ${workspace.slug}/${slug} already`);
  const order = { slug, name: name ?? slug, project, isPrivate: isPrivate ?? project.isPrivate };
  const more = description === undefined ? {} : { description };
  return createRepository(call.sim, { ...order, ...more }, actorOf(call, user));
}

const patch = z.strictObject({
  /** Everybody is refused on git with this reason's text; null heals. */
  refusal: z.enum(['ip-allowlist', 'two-step']).nullable().optional(),
  /** Branches that nobody may push to. */
  protectedBranches: z.array(z.string().regex(/^[^\s*?]+$/)).optional(),
  /** Every push is refused by a hook that says this, which may have several lines; null heals. */
  rejection: z.string().min(1).nullable().optional(),
});

async function change(call: ControlCall) {
  const { refusal, protectedBranches, rejection } = call.read(patch);
  const repository = repositoryOf(call);
  if (refusal === null) delete repository.refusal;
  else if (refusal !== undefined) repository.refusal = refusal;
  if (protectedBranches !== undefined) repository.protectedBranches = protectedBranches;
  if (rejection === null) delete repository.rejection;
  else if (rejection !== undefined) repository.rejection = rejection;
  await call.sim.store.save();
  return repository;
}

const transfer = z.strictObject({ workspace: z.string(), project: z.string(), user: z.string().optional() });

/** Ownership moves to another workspace: an operation that REST does not have. */
async function move(call: ControlCall) {
  const { workspace, project, user } = call.read(transfer);
  const repository = repositoryOf(call);
  await transferRepository(
    call.sim,
    repository,
    projectOf(call, workspaceOf(call, workspace), project),
    actorOf(call, user),
  );
  return repository;
}

async function remove(call: ControlCall): Promise<undefined> {
  await deleteRepository(call.sim, repositoryOf(call), actorOf(call, undefined));
  return undefined;
}

export const REPOSITORY_ROUTES: readonly ControlRoute[] = [
  { method: 'POST', path: ONE, handle: create },
  { method: 'PATCH', path: ONE, handle: change },
  { method: 'DELETE', path: ONE, handle: remove },
  { method: 'POST', path: `${ONE}/transfer`, handle: move },
];
