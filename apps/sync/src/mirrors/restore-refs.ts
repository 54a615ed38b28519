import { gitIn } from '@antipode/git-process';
import { listRefs } from './list-refs.js';
import { moveRefs } from './move-refs.js';
import { OWN_NAMESPACE, type RefState } from './ref-state.js';

/**
 * Writes refs anew that are not what was published: somebody, or a bad disk, has changed them behind our back.
 *
 * @returns how many there were, HEAD counted.
 * @throws AntipodeError `mirror_damaged` where git cannot read or write them.
 */
export async function restoreRefs(repository: string, published: RefState): Promise<number> {
  const strayed = await countStrayed(repository, published);
  if (strayed > 0) await moveRefs(repository, { from: published, to: published, pinnedUntil: 0 });
  return strayed;
}

async function countStrayed(repository: string, published: RefState): Promise<number> {
  const present = await listRefs(repository);
  const wanted = new Map(published.refs.map(({ name, oid }) => [name, oid]));
  const foreign = [...present.keys()].filter(
    (name) => !name.startsWith(OWN_NAMESPACE) && !wanted.has(name),
  ).length;
  const wrong = [...wanted].filter(([name, oid]) => present.get(name) !== oid).length;
  return foreign + wrong + ((await isHeadRight(repository, published)) ? 0 : 1);
}

async function isHeadRight(repository: string, { headTarget, headOid }: RefState): Promise<boolean> {
  if (headTarget) return (await answer(repository, ['symbolic-ref', '--quiet', 'HEAD'])) === headTarget;
  return (
    headOid === undefined ||
    (await answer(repository, ['rev-parse', '--quiet', '--verify', 'HEAD'])) === headOid
  );
}

async function answer(repository: string, args: readonly string[]): Promise<string> {
  const { stdout } = await gitIn(repository, { args });
  return stdout.toString('utf8').trim();
}
