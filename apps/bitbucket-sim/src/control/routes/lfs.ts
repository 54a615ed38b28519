import { z } from 'zod';
import { makeCommit } from '../../git/make-commit.js';
import { filesFor } from '../../lfs/commit-large-files.js';
import { isOid, isSize, type LfsObject } from '../../lfs/lfs-object.js';
import { noise } from '../../lfs/noise.js';
import type { ControlCall, ControlRoute } from '../control-route.js';
import { actorOf, repositoryOf } from '../find.js';

const ONE = '/repositories/:workspace/:repository/lfs';

/** Bytes, or noise made here, which may be large. */
const content = z.union([
  z.strictObject({ text: z.string() }),
  z.strictObject({ base64: z.base64() }),
  z.strictObject({ seed: z.string(), size: z.int().min(0) }),
]);

/** A pointer to whatever somebody claims to exist. */
const pointer = z.strictObject({ oid: z.string().refine(isOid), size: z.int().refine(isSize) });

function bytesOf(of: z.output<typeof content>): Iterable<Buffer> {
  if ('seed' in of) return noise(of.seed, of.size);
  return [Buffer.from('text' in of ? of.text : of.base64, 'text' in of ? 'utf8' : 'base64')];
}

/** An object without a pointer, as after a push whose commits never came. */
function put(call: ControlCall): Promise<LfsObject> {
  const of = call.read(content);
  return call.sim.lfsDisk.write(repositoryOf(call).uuid, bytesOf(of));
}

const commitBody = z.strictObject({
  /** By path. */
  files: z.record(z.string(), z.union([content, pointer])),
  branch: z.string().min(1).optional(),
  message: z.string().default('Add large files'),
  user: z.string().optional(),
});

/** Objects, their pointers and `.gitattributes`, as if somebody had pushed them with git-lfs. */
async function commit(call: ControlCall) {
  const order = call.read(commitBody);
  const { sim } = call;
  const repository = repositoryOf(call);
  const actor = actorOf(call, order.user);
  const branch = order.branch ?? repository.mainbranch ?? 'main';
  const objects = new Map<string, LfsObject>();
  for (const [path, of] of Object.entries(order.files))
    objects.set(path, 'oid' in of ? of : await sim.lfsDisk.write(repository.uuid, bytesOf(of)));
  return sim.perRepository.run(repository.uuid, async () => {
    const at = sim.disk.path(repository);
    const { hash, update } = await makeCommit(at, {
      branch,
      files: await filesFor(at, branch, objects),
      message: order.message,
      author: actor ? `${actor.displayName} <${actor.email}>` : 'Nobody <nobody@example.com>',
      at: Math.floor(Date.now() / 1000),
      mode: 'fast-forward',
    });
    await sim.pushes.record(repository, actor, [update]);
    return { hash, objects: Object.fromEntries(objects) };
  });
}

async function list(call: ControlCall) {
  return { objects: await call.sim.lfsDisk.list(repositoryOf(call).uuid) };
}

export const LFS_ROUTES: readonly ControlRoute[] = [
  { method: 'GET', path: `${ONE}/objects`, handle: list },
  { method: 'POST', path: `${ONE}/objects`, handle: put },
  { method: 'POST', path: `${ONE}/commit`, handle: commit },
];
