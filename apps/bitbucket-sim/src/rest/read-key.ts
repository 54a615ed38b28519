import { KeyRefused } from '../keys/key-ring.js';
import { badFields, badRequest } from './rest-error.js';
import { textOf } from './resolve.js';
import type { Call } from './rest-route.js';

/** The members of a new key of either kind. @throws RestError(400) */
export function newKeyOf({ body }: Call): { publicKey: string; label: string } {
  const publicKey = textOf(body, 'key');
  if (!publicKey) throw badFields({ key: ['This field is required.'] });
  return { publicKey, label: textOf(body, 'label') ?? '' };
}

/** @throws RestError(400) with the sentence why a key was not taken */
export function takeKey<K>(add: () => K): K {
  try {
    return add();
  } catch (error) {
    if (!(error instanceof KeyRefused)) throw error;
    throw badRequest(error.message, { fields: { key: [error.message] } });
  }
}
