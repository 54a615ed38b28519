import { auth } from '@antipode/contracts';
import type { RepositoryPath, Right } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import type { Primary } from '@antipode/primary';
import type { Caller, Holder } from './caller.js';

const RIGHTS: Partial<Record<auth.Right, Right>> = {
  [auth.Right.RIGHT_READ]: 'read',
  [auth.Right.RIGHT_WRITE]: 'write',
};
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const FINGERPRINT = /^[A-Za-z0-9+/]{43}$/;

/** As the primary's adapter has ids of accounts: a UUID, lower case, without braces. */
export const isAccountId = (text: string): boolean => UUID.test(text);

export function readRight(right: auth.Right): Right {
  const known = RIGHTS[right];
  if (known === undefined) throw new AntipodeError('invalid', 'reading the right that is asked for');
  return known;
}

/** The edge has parsed the path; what is not in the adapter's normal form was not asked by it. */
export function readPath(primary: Primary, path: string): RepositoryPath {
  if (primary.parseRepositoryPath(path) !== path)
    throw new AntipodeError('invalid', 'reading a repository path');
  return path;
}

export function readHolder({ holder }: auth.KeyHolder): Holder {
  if (holder?.$case === 'accountId' && isAccountId(holder.value))
    return { kind: 'account', accountId: holder.value };
  if (holder?.$case === 'accessKeyId' && FINGERPRINT.test(holder.value))
    return { kind: 'access-key', fingerprint: holder.value };
  throw new AntipodeError('invalid', 'reading the holder of a key');
}

export function writeHolder(holder: Holder): auth.KeyHolder {
  return holder.kind === 'account'
    ? { holder: { $case: 'accountId', value: holder.accountId } }
    : { holder: { $case: 'accessKeyId', value: holder.fingerprint } };
}

/** Never two proofs at once: it would not be clear whose the answer is. */
export function readCaller({ authorization, keyHolder }: auth.AuthorizeRequest): Caller {
  if (!keyHolder) return authorization === '' ? { kind: 'anonymous' } : { kind: 'credential', authorization };
  if (authorization !== '') throw new AntipodeError('invalid', 'reading who asks');
  return readHolder(keyHolder);
}
