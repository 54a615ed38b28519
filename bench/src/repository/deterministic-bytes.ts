import { createCipheriv, createHash } from 'node:crypto';

/** Bytes that no compressor shortens and that are the same on every machine: the key stream of AES-CTR. */
export function noise(seed: string, sizeBytes: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16));
  return cipher.update(Buffer.alloc(sizeBytes));
}

const WORDS =
  'branch commit fetch clone mirror primary epoch ref object pack delta tree blob tag push edge door session policy sync'.split(
    ' ',
  );

/** Lines that look like source text to zlib and to the delta search. */
export function textLines(seed: string, lines: number): string[] {
  const bytes = noise(seed, lines * 8);
  return Array.from({ length: lines }, (_, line) =>
    Array.from(bytes.subarray(line * 8, line * 8 + 8), (byte) => WORDS[byte % WORDS.length]).join(' '),
  );
}
