import { createHash, type Hash } from 'node:crypto';
import { AntipodeError } from '@antipode/errors';
import type { LfsObject } from '@antipode/lfs-wire';

/** Follows bytes from the first to the last, and says whether they are those of that name and size. */
export class Verifier {
  private constructor(
    private readonly object: LfsObject,
    private readonly hash: Hash,
    private bytes: number,
  ) {}

  static of(object: LfsObject): Verifier {
    return new Verifier(object, createHash('sha256'), 0);
  }

  /** One that goes on from here by itself. */
  fork(): Verifier {
    return new Verifier(this.object, this.hash.copy(), this.bytes);
  }

  get seen(): number {
    return this.bytes;
  }

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.hash.update(chunk);
  }

  /** Why they are not; asked once, at the end. */
  verdict(): 'right' | 'another size' | 'another hash' {
    if (this.bytes !== this.object.size) return 'another size';
    return this.hash.digest('hex') === this.object.oid ? 'right' : 'another hash';
  }
}

/** @throws AntipodeError `primary_misbehaved` where the primary's bytes are others. */
export function expectRight(verifier: Verifier, { oid, size }: LfsObject): void {
  const reason = verifier.verdict();
  if (reason === 'right') return;
  throw new AntipodeError(
    'primary_misbehaved',
    'verifying an object of the primary',
    { oid, size, reason },
    { hint: "The primary's storage holds damaged bytes for this object." },
  );
}
