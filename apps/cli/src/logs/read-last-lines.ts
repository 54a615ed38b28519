import { open } from 'node:fs/promises';

const CHUNK_BYTES = 64 * 1024;

/** @returns the last lines of a file without reading all of it, and where it ended; nothing where there is no file */
export async function readLastLines(path: string, most: number): Promise<{ lines: string[]; end: number }> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return { lines: [], end: 0 };
  try {
    const { size } = await file.stat();
    let text = Buffer.alloc(0);
    let from = size;
    // One line break more than lines: the first line of what was read may be half a line.
    while (from > 0 && countBreaks(text) <= most) {
      const length = Math.min(CHUNK_BYTES, from);
      from -= length;
      const { buffer } = await file.read({ buffer: Buffer.alloc(length), position: from });
      text = Buffer.concat([buffer, text]);
    }
    const whole = text.lastIndexOf(0x0a) + 1;
    const lines = text.subarray(0, whole).toString('utf8').split('\n').slice(0, -1);
    return { lines: most === 0 ? [] : lines.slice(-most), end: from + whole };
  } finally {
    await file.close();
  }
}

function countBreaks(text: Buffer): number {
  let found = 0;
  for (let at = text.indexOf(0x0a); at !== -1; at = text.indexOf(0x0a, at + 1)) found += 1;
  return found;
}
