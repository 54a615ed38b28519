import { z } from 'zod';
import { atLeast, permissionOn } from '../access/permission.js';
import type { Knocker } from '../access/principal.js';
import { Refused } from '../git/refused.js';
import type { LfsLock } from '../state/lfs-model.js';
import { read, type LfsAnswer, type LfsCall } from './lfs-call.js';

/** Spec of everything here: git-lfs docs/api/locking.md. */
const MOST_LOCKS = 100;

const creation = z.looseObject({ path: z.string().min(1).max(4096) });

export async function createLock(call: LfsCall): Promise<LfsAnswer> {
  const { path } = read(creation, call.body);
  const { store } = call.sim;
  const taken = locksOf(call).find((lock) => lock.path === path);
  if (taken) return { status: 409, json: { lock: shape(taken), message: 'already created lock' } };
  store.state.lastId += 1;
  const lock: LfsLock = {
    id: store.state.lastId,
    repositoryUuid: call.repository.uuid,
    path,
    ...ownerOf(call.who),
    lockedAt: `${new Date().toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}+00:00`,
  };
  store.state.lfsLocks.push(lock);
  await store.save();
  return { status: 201, json: { lock: shape(lock) } };
}

export function listLocks(call: LfsCall): LfsAnswer {
  const { query } = call;
  const [path, id] = [query.get('path'), query.get('id')];
  const found = locksOf(call)
    .filter((lock) => !path || lock.path === path)
    .filter((lock) => !id || String(lock.id) === id);
  const { locks, next } = page(found, query.get('cursor'), query.get('limit'));
  return { status: 200, json: { locks: locks.map(shape), ...next } };
}

const verification = z.looseObject({ cursor: z.string().nullish(), limit: z.number().nullish() });

export function verifyLocks(call: LfsCall): LfsAnswer {
  const { cursor, limit } = read(verification, call.body);
  const { locks, next } = page(locksOf(call), cursor, limit);
  const { ownerId } = ownerOf(call.who);
  const ours = locks.filter((lock) => lock.ownerId === ownerId).map(shape);
  const theirs = locks.filter((lock) => lock.ownerId !== ownerId).map(shape);
  return { status: 200, json: { ours, theirs, ...next } };
}

const removal = z.looseObject({ force: z.boolean().nullish() });

export async function removeLock(call: LfsCall): Promise<LfsAnswer> {
  const { force } = read(removal, call.body);
  const { store } = call.sim;
  const lock = locksOf(call).find(({ id }) => String(id) === call.params['id']);
  if (!lock) throw new Refused(404, 'Lock does not exist');
  if (lock.ownerId !== ownerOf(call.who).ownerId) {
    if (!force) throw new Refused(403, `This lock belongs to ${lock.ownerName}.`);
    const permission = permissionOn(store.state, call.who, call.repository);
    if (!atLeast(permission, 'admin'))
      throw new Refused(403, 'Only an administrator of the repository may remove the locks of others.');
  }
  store.state.lfsLocks = store.state.lfsLocks.filter((one) => one !== lock);
  await store.save();
  return { status: 200, json: { lock: shape(lock) } };
}

/** In the order of their creation. */
const locksOf = ({ sim, repository }: LfsCall): LfsLock[] =>
  sim.store.state.lfsLocks.filter((lock) => lock.repositoryUuid === repository.uuid);

const shape = ({ id, path, lockedAt, ownerName }: LfsLock) => ({
  id: String(id),
  path,
  locked_at: lockedAt,
  owner: { name: ownerName },
});

/** A cursor is the id of the lock to go on with. */
function page(all: LfsLock[], cursor: string | null | undefined, limit: string | number | null | undefined) {
  const most = Math.min(MOST_LOCKS, Math.max(1, Math.trunc(Number(limit ?? MOST_LOCKS)) || MOST_LOCKS));
  const rest = all.filter(({ id }) => id >= Number(cursor ?? 0));
  const following = rest[most];
  return { locks: rest.slice(0, most), next: following ? { next_cursor: String(following.id) } : {} };
}

function ownerOf(who: Knocker): Pick<LfsLock, 'ownerId' | 'ownerName'> {
  switch (who.kind) {
    case 'user':
    case 'key-of-user':
      return { ownerId: who.user.uuid, ownerName: who.user.displayName };
    case 'access-token':
      return { ownerId: who.token.id, ownerName: who.token.name };
    case 'anonymous':
    case 'deploy-key':
      // Neither may write, so neither comes here.
      throw new Refused(403, 'You must have push access to lock files.');
  }
}
