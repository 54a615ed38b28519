import type { LfsDisk } from '../lfs/lfs-disk.js';
import { pointerTo } from '../lfs/lfs-object.js';
import { noise } from '../lfs/noise.js';
import type { Repository } from '../state/model.js';

const TRACKED = ['*.bmp', '*.bin'];

interface LargeChange {
  readonly message: string;
  /** By path. */
  readonly files: Readonly<Record<string, Iterable<Buffer>>>;
}

/** A few megabytes; the banner has an older version, which only the history knows. */
const CHANGES = (): readonly LargeChange[] => [
  {
    message: 'Add the banner and the icons\n',
    files: {
      'artwork/banner.bmp': [picture(640, 200, 0)],
      'artwork/icons/basket.bmp': [picture(96, 96, 1)],
      'artwork/icons/search.bmp': [picture(96, 96, 2)],
    },
  },
  { message: 'Add what the fonts are made of\n', files: { 'fonts/source.bin': noise('fonts', 2_500_000) } },
  { message: 'Repaint the banner\n', files: { 'artwork/banner.bmp': [picture(960, 300, 3)] } },
];

/** Keeps the sample's large files. @returns what git has to commit for them, one after another */
export async function seedLargeFiles(
  disk: LfsDisk,
  repository: Repository,
): Promise<{ message: string; files: Record<string, string> }[]> {
  const attributes = TRACKED.map((pattern) => `${pattern} filter=lfs diff=lfs merge=lfs -text\n`).join('');
  const commits = CHANGES().map(async ({ message, files }) => {
    const pointers = Object.entries(files).map(async ([path, bytes]) => {
      return [path, pointerTo(await disk.write(repository.uuid, bytes))] as const;
    });
    const all = Object.fromEntries(await Promise.all(pointers));
    return { message, files: { '.gitattributes': attributes, ...all } };
  });
  return Promise.all(commits);
}

const HEAD_BYTES = 54;
const PIXEL_BYTES = 3;

/** A gradient as a BMP with 24 bits per pixel, which nobody has to compress. @param width a multiple of four */
function picture(width: number, height: number, tint: number): Buffer {
  const file = Buffer.alloc(HEAD_BYTES + width * height * PIXEL_BYTES);
  file.write('BM', 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(HEAD_BYTES, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(8 * PIXEL_BYTES, 28);
  for (let at = HEAD_BYTES, pixel = 0; at < file.length; at += PIXEL_BYTES, pixel += 1) {
    file[at] = Math.floor((255 * (pixel % width)) / width);
    file[at + 1] = Math.floor((255 * pixel) / (width * height));
    file[at + 2] = 60 * tint;
  }
  return file;
}
