import { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import { openSecret, sealSecret } from '@antipode/postgres';
import type { ConnectionCredential } from '@antipode/primary';

/** An administrator's linked account that the connection lives by: auth has its tokens. */
export interface LentAccount {
  /** The person's id. */
  readonly account: string;
  readonly displayName: string;
}

/** What a connection can be made with. */
export type Given = ConnectionCredential | LentAccount;

export const isLent = (given: Given): given is LentAccount => 'account' in given;

const shape = z.union([
  z.object({ account: z.string(), displayName: z.string() }),
  z.object({ token: z.string(), email: z.string().optional(), username: z.string().optional() }),
]);

/** The credential as the database keeps it. */
export function writeCredential(given: Given, key: string): Uint8Array<ArrayBuffer> {
  // What is not known here must not be kept by accident: every field by name.
  const kept = isLent(given)
    ? { account: given.account, displayName: given.displayName }
    : { token: given.token, email: given.email, username: given.username };
  return sealSecret(JSON.stringify(kept), key) as Uint8Array<ArrayBuffer>;
}

/** @throws AntipodeError `unauthenticated` where it was sealed with another key: only a new credential helps. */
export function readCredential(sealed: Uint8Array, key: string, workspace: string): Given {
  try {
    const kept = shape.parse(JSON.parse(openSecret(sealed, key)));
    if ('account' in kept) return kept;
    const { token, email, username } = kept;
    return {
      token,
      workspace,
      ...(email === undefined ? {} : { email }),
      ...(username === undefined ? {} : { username }),
    };
  } catch (cause) {
    throw new AntipodeError(
      'unauthenticated',
      'opening the credential',
      {},
      { cause, hint: 'The credential cannot be opened: SECRET_KEY is another one than when it was given.' },
    );
  }
}
