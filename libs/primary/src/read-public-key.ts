/** More than any key that OpenSSH makes; RSA with 16384 bits has 2 KB. */
const LARGEST_BYTES = 8192;

/**
 * The public key in a line of OpenSSH's form ("ssh-ed25519 AAAA… comment"), in wire format (RFC 4253, 6.6); undefined
 * where it is none. The type in front must be the one inside.
 */
export function readPublicKey(line: string): Buffer | undefined {
  const [type, base64] = line.trim().split(/\s+/, 2);
  if (type === undefined || base64 === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length < 4 || bytes.length > LARGEST_BYTES) return undefined;
  const named = bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString('latin1');
  return named === type ? bytes : undefined;
}
