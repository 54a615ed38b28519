import { createCipheriv, createHash } from 'node:crypto';

const ZEROS = Buffer.alloc(1024 * 1024);

/** Bytes that do not compress: the same ones for the same seed on every machine, as many as wanted, in little memory. */
export function* noise(seed: string, size: number): Generator<Buffer> {
  const key = createHash('sha256').update(`antipode-sim:${seed}`).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  for (let left = size; left > 0; left -= ZEROS.length) yield cipher.update(ZEROS.subarray(0, left));
}
