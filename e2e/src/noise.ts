import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { deflateSync } from 'node:zlib';
import { git, type GitOptions } from '@antipode/testing';

/** For the push of such a commit: random bytes do not become smaller, and git would only try. */
export const WITHOUT_COMPRESSION: NonNullable<GitOptions['config']> = [
  ['core.compression', '0'],
  ['pack.window', '0'],
];

/**
 * Commits random files to the branch that is checked out in `cwd`. They are written as loose objects by our own hand:
 * `git add` takes ten times as long, and nothing of it is what a test of the mirror looks at.
 *
 * @param files from a hundred on, the receiving git keeps the pack as it is (transfer.unpackLimit)
 * @returns the commit's oid
 */
export async function commitNoise(
  cwd: string,
  { files, bytes }: { files: number; bytes: number },
): Promise<string> {
  const lines: string[] = [];
  for (let n = 0; n < files; n += 1) {
    lines.push(`100644 ${await writeBlob(cwd, randomBytes(bytes))}\tnoise-${n}.bin\n`);
  }
  await git(['update-index', '--index-info'], { cwd, input: lines.join('') });
  await git(['commit', '--quiet', '--message', 'Noise'], { cwd });
  return git(['rev-parse', 'HEAD'], { cwd });
}

async function writeBlob(cwd: string, content: Buffer): Promise<string> {
  const object = Buffer.concat([Buffer.from(`blob ${content.length}\0`), content]);
  const oid = createHash('sha1').update(object).digest('hex');
  const folder = `${cwd}/.git/objects/${oid.slice(0, 2)}`;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/${oid.slice(2)}`, deflateSync(object, { level: 0 }));
  return oid;
}
