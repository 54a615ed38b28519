import { z } from 'zod';
import { Refused } from '../git/refused.js';
import { fullName } from '../state/lookup.js';
import { read, type LfsAnswer, type LfsCall } from './lfs-call.js';
import { countBatch, type LfsOperation } from './lfs-counts.js';
import { isOid, isSize, type LfsObject } from './lfs-object.js';

/** Spec: git-lfs docs/api/batch.md. */
const request = z.looseObject({
  operation: z.enum(['download', 'upload']),
  transfers: z.array(z.string()).nullish(),
  hash_algo: z.string().nullish(),
  ref: z.looseObject({ name: z.string().nullish() }).nullish(),
  objects: z.array(z.unknown()),
});

/** Only which right is needed; everything else is read once the caller has it. */
export const operationOf = (body: unknown): LfsOperation =>
  read(z.looseObject({ operation: request.shape.operation }), body).operation;

/** One object each for one that was asked for, in the same order. */
export async function answerBatch(call: LfsCall): Promise<LfsAnswer> {
  const { operation, transfers, hash_algo: hashAlgo, objects } = read(request, call.body);
  const { lfsBatchLimit } = call.sim.store.state.settings;
  if (objects.length > lfsBatchLimit)
    throw new Refused(413, `A batch may have ${lfsBatchLimit} objects, this one has ${objects.length}.`);
  // Clients name adapters of their own, Bitbucket's among them; what all of them speak is this one.
  if (transfers && transfers.length > 0 && !transfers.includes('basic'))
    throw new Refused(422, 'The only transfer adapter is "basic".');
  const isForeignHash = (hashAlgo ?? 'sha256') !== 'sha256';
  const answers = await Promise.all(
    objects.map((one) => answerObject(call, operation, one, { isForeignHash })),
  );
  const repository = fullName(call.sim.store.state, call.repository);
  countBatch(call.sim.counters.counts.lfs, { repository, operation, oids: answers.map(({ oid }) => oid) });
  return { status: 200, json: { transfer: 'basic', objects: answers, hash_algo: 'sha256' } };
}

async function answerObject(
  call: LfsCall,
  operation: LfsOperation,
  asked: unknown,
  { isForeignHash }: { isForeignHash: boolean },
): Promise<LfsObject> {
  const { oid, size } = (typeof asked === 'object' && asked !== null ? asked : {}) as Partial<LfsObject>;
  if (!isOid(oid) || !isSize(size))
    return failed({ oid: String(oid ?? ''), size: isSize(size) ? size : 0 }, 422, 'This names no object.');
  const object = { oid, size };
  if (isForeignHash) return failed(object, 409, 'The only hash algorithm is "sha256".');
  const isLost = call.sim.faults.takeLfs('lost', oid, ({ at }) => at === 'batch') !== undefined;
  const kept = isLost ? undefined : await call.sim.lfsDisk.sizeOf(call.repository.uuid, oid);
  if (kept !== undefined && kept !== size) return failed(object, 422, `This object has ${kept} bytes.`);
  if (operation === 'download')
    return kept === undefined
      ? failed(object, 404, 'Object does not exist')
      : offered(call, object, ['download']);
  return kept === undefined ? offered(call, object, ['upload', 'verify']) : object;
}

const failed = (object: LfsObject, code: number, message: string) => ({
  ...object,
  error: { code, message },
});

function offered(call: LfsCall, object: LfsObject, names: readonly ('download' | 'upload' | 'verify')[]) {
  const { sim, repository, hostname } = call;
  const { lfsLinkLifetimeSeconds: lifetime } = sim.store.state.settings;
  const isBorn = sim.faults.takeLfs('expired', object.oid) === undefined;
  const link = {
    ...object,
    repositoryUuid: repository.uuid,
    hops: 0,
    expires: isBorn ? Date.now() + lifetime * 1000 : 0,
  };
  const actions = names.map((action) => [
    action,
    { ...sim.media.offer(hostname, { ...link, action }), expires_in: lifetime },
  ]);
  return { ...object, authenticated: true, actions: Object.fromEntries(actions) as unknown };
}
