import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { S3Refusal } from './s3-refusal.js';

export interface SignedRequest {
  readonly method: string;
  /** As it came: path and query, still encoded. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface S3Key {
  readonly id: string;
  readonly secret: string;
}

interface Claim {
  /** `<key id>/<date>/<region>/s3/aws4_request` */
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  /** `20130524T000000Z` */
  readonly date: string;
  readonly payloadHash: string;
}

const SKEW_MS = 15 * 60_000;
const UNSIGNED = 'UNSIGNED-PAYLOAD';

/**
 * AWS Signature Version 4, in the Authorization header or in a link's query, as S3 wants it: nothing is encoded twice.
 *
 * @throws S3Refusal
 */
export function verifySignature(request: SignedRequest, key: S3Key): void {
  const [path = '', search = ''] = request.target.split('?', 2);
  const query = new URLSearchParams(search);
  const claim = query.has('X-Amz-Signature') ? linkClaim(query) : headerClaim(request);
  const [keyId, ...scope] = claim.credential.split('/');
  if (keyId !== key.id) throw new S3Refusal(403, 'InvalidAccessKeyId');
  const canonical = [
    request.method,
    path,
    canonicalQuery(query),
    ...claim.signedHeaders.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}`),
    '',
    claim.signedHeaders,
    claim.payloadHash,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', claim.date, scope.join('/'), sha256(canonical)].join('\n');
  const signature = hmac(
    scope.reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${key.secret}`),
    text,
  );
  if (signature.toString('hex') !== claim.signature) throw new S3Refusal(403, 'SignatureDoesNotMatch');
  if (claim.payloadHash !== UNSIGNED && claim.payloadHash !== sha256(request.body))
    throw new S3Refusal(400, 'XAmzContentSHA256Mismatch');
}

function headerClaim({ headers }: SignedRequest): Claim {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  if (!found) throw new S3Refusal(403, 'AccessDenied');
  const [, credential = '', signedHeaders = '', signature = ''] = found;
  const date = String(headers['x-amz-date']);
  if (Math.abs(Date.now() - timeOf(date)) > SKEW_MS) throw new S3Refusal(403, 'RequestTimeTooSkewed');
  if (!signedHeaders.split(';').includes('host')) throw new S3Refusal(403, 'AccessDenied');
  return { credential, signedHeaders, signature, date, payloadHash: String(headers['x-amz-content-sha256']) };
}

function linkClaim(query: URLSearchParams): Claim {
  const text = (name: string): string => query.get(name) ?? '';
  const date = text('X-Amz-Date');
  const ends = timeOf(date) + Number(text('X-Amz-Expires')) * 1000;
  if (Date.now() > ends) throw new S3Refusal(403, 'AccessDenied');
  return {
    credential: text('X-Amz-Credential'),
    signedHeaders: text('X-Amz-SignedHeaders'),
    signature: text('X-Amz-Signature'),
    date,
    payloadHash: UNSIGNED,
  };
}

const canonicalQuery = (query: URLSearchParams): string =>
  [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const timeOf = (date: string): number =>
  Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();
