import { extname } from 'node:path/posix';
import { runGit } from '../git/run-git.js';
import { pointerTo, type LfsObject } from './lfs-object.js';

const ATTRIBUTES = '.gitattributes';

/** What git has to commit for these large files: pointers, and the attributes that tell git-lfs about them. */
export async function filesFor(
  repositoryPath: string,
  branch: string,
  objects: ReadonlyMap<string, LfsObject>,
): Promise<Record<string, string>> {
  const pointers = [...objects].map(([path, object]) => [path, pointerTo(object)] as const);
  const before = await runGit(repositoryPath, ['cat-file', 'blob', `refs/heads/${branch}:${ATTRIBUTES}`], {
    accept: [128],
  });
  const attributes = withLines(before, [...objects.keys()].map(attributeOf));
  return { [ATTRIBUTES]: attributes, ...Object.fromEntries(pointers) };
}

/** As `git lfs track` writes it: by ending, where there is one. */
function attributeOf(path: string): string {
  const pattern = extname(path) ? `*${extname(path)}` : `/${path}`;
  return `${pattern.replaceAll(' ', '[[:space:]]')} filter=lfs diff=lfs merge=lfs -text`;
}

function withLines(text: string, lines: readonly string[]): string {
  const all = new Set([...text.split('\n').filter((line) => line !== ''), ...lines]);
  return `${[...all].join('\n')}\n`;
}
