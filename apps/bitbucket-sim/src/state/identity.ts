import { createHash, randomBytes, randomUUID } from 'node:crypto';

export const newUuid = (): string => `{${randomUUID()}}`;

/** The same uuid for the same name, so that the sample looks the same on every machine. */
export function uuidFor(name: string): string {
  const hex = createHash('sha256').update(`antipode-sim:${name}`).digest('hex');
  const variant = ((parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `{${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}}`;
}

/** A secret in the shape of Bitbucket's: `ATATT…` for users, `ATCTT…` for access tokens. */
export function newSecret(kind: 'api' | 'access', seed?: string): string {
  const bytes = seed ? createHash('sha512').update(`antipode-sim:${seed}`).digest() : randomBytes(64);
  const check = createHash('sha256').update(bytes).digest('hex').slice(0, 8).toUpperCase();
  return `${kind === 'api' ? 'ATATT3xFfGF0' : 'ATCTT3xFfGN0'}${bytes.toString('base64url')}=${check}`;
}

/** Something that nobody guesses, without a shape of its own. */
export const newOpaque = (seed?: string): string =>
  (seed ? createHash('sha256').update(`antipode-sim:${seed}`).digest() : randomBytes(32)).toString(
    'base64url',
  );

/** Bitbucket's way of writing a moment: offset instead of Z, microseconds instead of milliseconds. */
export function timestamp(at: Date = new Date()): string {
  return at.toISOString().replace('Z', '000+00:00');
}

/** `Data Warehouse!` becomes `data-warehouse`. */
export function slugify(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
}
