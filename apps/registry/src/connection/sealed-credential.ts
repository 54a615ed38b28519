import { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import { openSecret, sealSecret } from '@antipode/postgres';
import type { ConnectionCredential } from '@antipode/primary';

const shape = z.object({
  token: z.string(),
  email: z.string().optional(),
  username: z.string().optional(),
});

/** The credential as the database keeps it. */
export function writeCredential(
  { token, email, username }: ConnectionCredential,
  key: string,
): Uint8Array<ArrayBuffer> {
  return sealSecret(JSON.stringify({ token, email, username }), key) as Uint8Array<ArrayBuffer>;
}

/** @throws AntipodeError `unauthenticated` where it was sealed with another key: only a new credential helps. */
export function readCredential(sealed: Uint8Array, key: string, workspace: string): ConnectionCredential {
  try {
    const { token, email, username } = shape.parse(JSON.parse(openSecret(sealed, key)));
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
