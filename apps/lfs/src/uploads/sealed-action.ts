import { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import type { LfsAction } from '@antipode/lfs-wire';
import { openSecret, sealSecret } from '@antipode/postgres';

/** The header in which a client carries the primary's own action to us and cannot read it. */
export const SEALED_ACTION_HEADER = 'Antipode-Action';

/** What the sealed action is good for: the same as the ticket beside it, and nothing else. */
export interface SealedFor {
  readonly kind: 'upload' | 'verify';
  readonly repositoryId: string;
  readonly oid: string;
  readonly size: number;
}

/** Where the primary wants the bytes, or to be told that they have come. */
export type PrimaryAction = Pick<LfsAction, 'href' | 'header'>;

const form = z.object({
  for: z.string(),
  href: z.string(),
  header: z.record(z.string(), z.string()).optional(),
});

/**
 * The primary's action as a header's value: no state is needed between the batch and the upload, on any node.
 *
 * Its expiry is the ticket's, which must not be later than the primary's own.
 */
export function sealAction({ href, header }: PrimaryAction, secretKey: string, bound: SealedFor): string {
  const text = JSON.stringify({ for: bindingOf(bound), href, ...(header ? { header } : {}) });
  return Buffer.from(sealSecret(text, secretKey)).toString('base64url');
}

/** @throws AntipodeError `denied` where it is absent, changed, sealed by others or for something else. */
export function openAction(sealed: string | undefined, secretKey: string, bound: SealedFor): PrimaryAction {
  const { for: binding, href, header } = read(sealed ?? '', secretKey);
  if (binding !== bindingOf(bound)) throw refused();
  return { href, ...(header ? { header } : {}) };
}

function read(sealed: string, secretKey: string): z.infer<typeof form> {
  try {
    return form.parse(JSON.parse(openSecret(Buffer.from(sealed, 'base64url'), secretKey)));
  } catch {
    // Why it does not open is nobody's business, and zod's words would show what is inside.
    throw refused();
  }
}

const bindingOf = ({ kind, repositoryId, oid, size }: SealedFor): string =>
  `lfs ${kind} ${repositoryId} ${oid} ${size}`;

const refused = (): AntipodeError =>
  new AntipodeError(
    'denied',
    'opening a sealed action',
    {},
    { hint: 'This upload link is not complete. Ask for it again: git lfs push.' },
  );
