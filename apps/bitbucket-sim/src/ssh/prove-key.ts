import ssh2, { type PublicKeyAuthContext } from 'ssh2';

/**
 * A key is a claim, a signature is proof: ssh2 checks none by itself (RFC 4252 §7).
 *
 * @param registered the key as it is on record, which is what the signature must fit
 */
export function provesKey(context: PublicKeyAuthContext, registered: string): boolean {
  const { signature, blob, hashAlgo } = context;
  const key = ssh2.utils.parseKey(registered);
  if (!signature || !blob || key instanceof Error) return false;
  return key.verify(blob, signature, hashAlgo) === true;
}
