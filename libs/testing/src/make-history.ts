import { git } from './git.js';

export interface HistoryShape {
  readonly commits: number;
  /** Branches beside `main`, spread over the history. */
  readonly branches: number;
  /** Every second one annotated; with one tag of a tag more. */
  readonly tags: number;
  /** Bytes of noise (which does not compress) in every so many commits. */
  readonly noise?: { readonly bytes: number; readonly every: number };
}

/** When the first commit was made; each following one is a minute younger, so that `--shallow-since` has something to cut. */
export const HISTORY_BEGINS = 1_700_000_000;
const MINUTE = 60;
/** Beyond the marks of all commits. */
const TAG_MARK = 1_000_000;

/**
 * Makes a bare repository with a history of this shape, the same one for the same shape.
 *
 * `main` has merges, a nested folder, a file that changes in each commit and a symlink; ref names have slashes and letters beyond ASCII.
 */
export async function makeHistory(path: string, shape: HistoryShape): Promise<void> {
  await git(['init', '--quiet', '--bare', path]);
  await git(['fast-import', '--quiet', '--force'], { cwd: path, input: stream(shape), timeoutMs: 120_000 });
}

const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
const person = (n: number): string => `Test Person <person@example.com> ${HISTORY_BEGINS + n * MINUTE} +0000`;

async function* stream(shape: HistoryShape): AsyncGenerator<string> {
  for (let n = 1; n <= shape.commits; n += 1) yield commit(n, shape);
  for (let n = 1; n <= shape.branches; n += 1) {
    yield `reset refs/heads/${branchName(n)}\nfrom :${mark(n, shape.branches, shape.commits)}\n\n`;
  }
  for (let n = 1; n <= shape.tags; n += 1) yield tag(n, shape);
  if (shape.tags > 1)
    yield `tag v-of-a-tag\nfrom :${TAG_MARK}\ntagger ${person(0)}\n${data('a tag of a tag')}`;
}

function commit(n: number, { noise }: HistoryShape): string {
  const lines = [
    `commit refs/heads/main\nmark :${n}\nauthor ${person(n)}\ncommitter ${person(n)}\n${data(`Change number ${n}`)}`,
  ];
  if (n > 1) lines.push(`from :${n - 1}\n`);
  // A merge of something older, as in a history that people made.
  if (n > 10 && n % 7 === 0) lines.push(`merge :${n - 5}\n`);
  lines.push(`M 100644 inline counter.txt\n${data(`${n}\n`)}`);
  lines.push(
    `M 100644 inline src/part-${n % 40}/file-${n % 200}.txt\n${data(`line ${n}\n`.repeat(1 + (n % 20)))}`,
  );
  if (n === 1)
    lines.push(
      `M 120000 inline link\n${data('counter.txt')}`,
      `M 100755 inline run.sh\n${data('#!/bin/sh\n')}`,
    );
  if (noise && n % noise.every === 0)
    lines.push(`M 100644 inline noise/${n % 16}.bin\n${data(noiseOf(n, noise.bytes))}`);
  return `${lines.join('')}\n`;
}

function tag(n: number, { tags, commits }: HistoryShape): string {
  const from = `:${mark(n, tags, commits)}`;
  if (n % 2 === 1) return `reset refs/tags/v0.${n}\nfrom ${from}\n\n`;
  const marked = n === 2 ? `mark :${TAG_MARK}\n` : '';
  return `tag v0.${n}\n${marked}from ${from}\ntagger ${person(n)}\n${data(`Version 0.${n}`)}`;
}

const branchName = (n: number): string =>
  n % 50 === 0 ? `größe/${n}` : n % 3 === 0 ? `feature/team-${n % 9}/${n}` : `topic-${n}`;
const mark = (n: number, of: number, commits: number): number => Math.max(1, Math.floor((n * commits) / of));

/** The same noise for the same number (xorshift32), in hex: it compresses to a half, and no further. */
function noiseOf(seed: number, bytes: number): string {
  let x = seed * 2_654_435_761;
  const words: string[] = [];
  for (let length = 0; length < bytes; length += 8) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words.push((x >>> 0).toString(16).padStart(8, '0'));
  }
  return words.join('');
}
