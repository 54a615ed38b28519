import { git, tryGit, type GitOptions } from './git.js';

/** Refs and HEAD by name, as `ls-remote` prints them, peeled tags (`^{}`) included. */
export type Refs = Readonly<Record<string, string>>;

export async function lsRemote(url: string, options: GitOptions = {}): Promise<Refs> {
  const text = await git(['ls-remote', url], options);
  return Object.fromEntries(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t').reverse() as [string, string]),
  );
}

/** The refs of a repository on disk in the same form, HEAD excepted. */
export async function localRefs(path: string): Promise<Refs> {
  // Not for-each-ref: its `*objectname` peels a tag of a tag only once before git 2.45.
  const { code, stdout, stderr } = await tryGit(['show-ref', '--dereference'], { cwd: path });
  // No refs at all is exit code 1 without a word.
  if (code !== 0 && stderr !== '') throw new Error(stderr);
  return Object.fromEntries(
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ').reverse() as [string, string]),
  );
}

/** The refs alone, without HEAD: what a mirror clone must hold. */
export function withoutHead(refs: Refs): Refs {
  return Object.fromEntries(Object.entries(refs).filter(([name]) => name !== 'HEAD'));
}
