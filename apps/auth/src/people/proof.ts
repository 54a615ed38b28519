import type { auth } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';

/** How a person shows who they are. */
export type Proof =
  /** The name of a browser, from the cookie of the mirror's pages. */
  | { readonly kind: 'session'; readonly browser: string }
  /** An Authorization header, byte for byte. */
  | { readonly kind: 'credential'; readonly authorization: string };

const LONGEST_PROOF = 8192;

export function readProof(proof: auth.PersonProof | undefined): Proof {
  const given = proof?.proof;
  if (!given || given.value.length > LONGEST_PROOF) throw new AntipodeError('invalid', 'reading who asks');
  return given.$case === 'session'
    ? { kind: 'session', browser: given.value }
    : { kind: 'credential', authorization: given.value };
}
