import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * X-Hub-Signature: "sha256=" and the hex HMAC-SHA256 of the raw body, compared in constant time.
 * Bitbucket sends none where the hook has no secret; ours always has, so none is a no.
 */
export function verifySignature(
  header: string | string[] | undefined,
  body: Buffer,
  secret: string,
): boolean {
  const hex = typeof header === 'string' ? /^sha256=([0-9a-f]{64})$/i.exec(header)?.[1] : undefined;
  if (hex === undefined || secret === '') return false;
  return timingSafeEqual(Buffer.from(hex, 'hex'), createHmac('sha256', secret).update(body).digest());
}
