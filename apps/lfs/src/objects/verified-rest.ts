import type { LfsObject } from '@antipode/lfs-wire';
import { HELD_BACK_BYTES } from './held-back.js';
import { expectRight, type Verifier } from './verifier.js';

/**
 * Bytes to the end of an object that go by without being kept; `verifier` has seen all before them. The last ones are
 * held back until all are known to be right.
 *
 * @throws AntipodeError `primary_misbehaved`
 */
export async function* verifiedRest(
  bytes: AsyncIterable<Buffer>,
  verifier: Verifier,
  object: LfsObject,
): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  for await (const chunk of bytes) {
    const at = verifier.seen;
    verifier.add(chunk);
    const passing = Math.max(0, Math.min(chunk.length, object.size - HELD_BACK_BYTES - at));
    if (passing > 0) yield chunk.subarray(0, passing);
    if (passing < chunk.length) held = [...held, chunk.subarray(passing)];
  }
  expectRight(verifier, object);
  yield* held;
}
