import type { lfs } from '@antipode/contracts';
import type {
  AnsweredObject,
  BatchRequest,
  BatchResponse,
  LfsAction,
  LfsActionName,
  LfsObject,
} from '@antipode/lfs-wire';

type Operation = BatchRequest['operation'];

const ACTIONS: Record<Operation, readonly LfsActionName[]> = {
  download: ['download'],
  upload: ['upload', 'verify'],
};
/** A download has an action or an error, the specification says. */
const MISSING = { code: 404, message: 'The object does not exist.' };

/** What the lfs service answered for one object; undefined where it is undecided. */
export function readAnswer(
  { oid, size }: LfsObject,
  { undecided, actions, error }: lfs.AnsweredObject,
  operation: Operation,
): AnsweredObject | undefined {
  if (undecided) return undefined;
  if (error) return { oid, size, error: { code: error.code, message: error.message } };
  const told = ACTIONS[operation].flatMap((name): [LfsActionName, LfsAction][] => {
    const action = actions[name];
    return action ? [[name, actionOf(action)]] : [];
  });
  // The links carry tickets of ours: a credential beside them would be one too many.
  if (told.length > 0) return { oid, size, authenticated: true, actions: Object.fromEntries(told) };
  return operation === 'download' ? { oid, size, error: MISSING } : { oid, size };
}

const actionOf = ({ href, header, expiresInSeconds }: lfs.Action): LfsAction => ({
  href,
  header,
  ...(expiresInSeconds > 0 ? { expires_in: expiresInSeconds } : {}),
});

/** The primary's own answer, byte for byte, brought into the order of the question. */
export function readRelayed(
  objects: readonly LfsObject[],
  { objects: told }: BatchResponse,
  operation: Operation,
): AnsweredObject[] {
  const byOid = new Map(told.map((answer) => [answer.oid, answer]));
  return objects.map(({ oid, size }) => {
    const answer = byOid.get(oid);
    if (!answer) return { oid, size, error: MISSING };
    const isEmpty = !answer.error && !answer.actions?.download;
    return operation === 'download' && isEmpty ? { oid, size, error: MISSING } : { ...answer, oid, size };
  });
}
