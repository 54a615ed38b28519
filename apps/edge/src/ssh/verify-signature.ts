import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import ssh2 from 'ssh2';

/** What a client shows with a public key: RFC 4252, section 7. */
export interface Claim {
  /** In SSH's wire format (RFC 4253, section 6.6). */
  readonly publicKey: Buffer;
  /** "sha256" or "sha512" for RSA keys (RFC 8332), by the algorithm that the client named. */
  readonly hash: string | undefined;
  /** Over `signed`. */
  readonly signature: Buffer;
  /** The session's id and the request: nobody can replay it elsewhere. */
  readonly signed: Buffer;
}

const USER_PRESENT = 1;
const RSA_HASHES: ReadonlySet<string | undefined> = new Set(['sha256', 'sha512']);

/**
 * True where whoever signed holds the private key. Total: whatever a stranger sends is a proof or none.
 *
 * ssh2 does not check signatures for its users: without this, everybody is whoever they claim to be.
 */
export function isProof(claim: Claim): boolean {
  try {
    return typeOf(claim.publicKey).startsWith('sk-') ? isProofOfDevice(claim) : isProofOfKey(claim);
  } catch {
    return false;
  }
}

function isProofOfKey({ publicKey, hash, signature, signed }: Claim): boolean {
  const key = ssh2.utils.parseKey(publicKey);
  if (key instanceof Error) return false;
  // "ssh-rsa" without a hash in its name means SHA-1, which can be forged.
  if (key.type === 'ssh-rsa' && !RSA_HASHES.has(hash)) return false;
  return key.verify(signed, signature, key.type === 'ssh-rsa' ? hash : undefined) === true;
}

/**
 * A key in a security device (FIDO) signs more than it was given: PROTOCOL.u2f of OpenSSH.
 *
 *   sha256(application) · flags · counter · sha256(signed)
 */
function isProofOfDevice({ publicKey, signature, signed }: Claim): boolean {
  const [type, ...fields] = strings(publicKey);
  const application = fields.at(-1);
  // ssh2 has cut the algorithm's name and the first length off: then flags (1 byte) and counter (4) end it.
  const inner = signature.subarray(0, -5);
  const flags = signature.subarray(-5, -4);
  const counter = signature.subarray(-4);
  if (!application || type?.toString() !== 'sk-ssh-ed25519@openssh.com' || fields.length !== 2) return false;
  if (((flags[0] ?? 0) & USER_PRESENT) === 0) return false;
  const message = Buffer.concat([sha256(application), flags, counter, sha256(signed)]);
  return verify(null, message, ed25519(fields[0] as Buffer), inner);
}

const ed25519 = (raw: Buffer): KeyObject =>
  createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') } });

const sha256 = (data: Buffer): Buffer => createHash('sha256').update(data).digest();

const typeOf = (publicKey: Buffer): string => strings(publicKey)[0]?.toString() ?? '';

/** The strings of RFC 4251, section 5, of which a public key is made. */
function strings(data: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 4 <= data.length;) {
    const end = at + 4 + data.readUInt32BE(at);
    if (end > data.length) break;
    found.push(data.subarray(at + 4, end));
    at = end;
  }
  return found;
}
