import { runGit } from './run-git.js';

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** ISO-8601 with offset. */
  readonly date: string;
}

export interface Commit {
  readonly hash: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

const FIELDS = 9;
const FORMAT = ['%H', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x00');

export interface CommitRange {
  /** Hashes, or `^hash` to exclude. */
  readonly revisions: readonly string[];
  /** Also everything that branches and tags hold. */
  readonly from?: 'all-refs';
  readonly limit: number;
  readonly skip?: number;
}

/** Newest first; at most `limit`. */
export async function readCommits(repositoryPath: string, range: CommitRange): Promise<Commit[]> {
  const text = await runGit(repositoryPath, [
    'log',
    '-z',
    `--format=${FORMAT}`,
    `--max-count=${range.limit}`,
    `--skip=${range.skip ?? 0}`,
    ...(range.from === 'all-refs' ? ['--branches', '--tags'] : []),
    '--end-of-options',
    ...range.revisions,
    '--',
  ]);
  return parse(text);
}

/** Exactly these commits, in this order. */
export async function readExactCommits(repositoryPath: string, hashes: readonly string[]): Promise<Commit[]> {
  if (hashes.length === 0) return [];
  const input = hashes.join('\n') + '\n';
  return parse(
    await runGit(repositoryPath, ['log', '-z', '--no-walk=unsorted', '--stdin', `--format=${FORMAT}`], {
      input,
    }),
  );
}

function parse(text: string): Commit[] {
  if (text === '') return [];
  // `-z` ends each record with NUL as well, so the fields simply follow one another.
  const fields = text.split('\0');
  const commits: Commit[] = [];
  for (let at = 0; at + FIELDS <= fields.length; at += FIELDS)
    commits.push(commitFrom(fields.slice(at, at + FIELDS)));
  return commits;
}

function commitFrom(fields: string[]): Commit {
  const [hash = '', parents = '', an = '', ae = '', ad = '', cn = '', ce = '', cd = '', message = ''] =
    fields;
  return {
    hash,
    parents: parents.split(' ').filter(Boolean),
    author: { name: an, email: ae, date: ad },
    committer: { name: cn, email: ce, date: cd },
    message,
  };
}
