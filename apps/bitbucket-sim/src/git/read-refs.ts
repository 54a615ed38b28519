import { runGit } from './run-git.js';
import type { Signature } from './read-commits.js';

export interface Ref {
  readonly type: 'branch' | 'tag';
  /** Without `refs/heads/` or `refs/tags/`. */
  readonly name: string;
  readonly ref: string;
  /** What the ref holds: a commit, or a tag object. */
  readonly oid: string;
  /** The commit at the end of the chain. */
  readonly commit: string;
  /** Author's date of that commit, ISO-8601. */
  readonly date: string;
  readonly annotation: { readonly message: string; readonly tagger: Signature } | null;
}

const FIELDS = [
  '%(refname)',
  '%(objectname)',
  '%(objecttype)',
  '%(*objectname)',
  '%(taggername)',
  '%(taggeremail:trim)',
  '%(taggerdate:iso-strict)',
  '%(contents)',
  '%(authordate:iso-strict)',
  '%(*authordate:iso-strict)',
];

/** In `git show-ref` order, which is also Bitbucket's default. */
export async function readRefs(repositoryPath: string, ...patterns: string[]): Promise<Ref[]> {
  const wanted = patterns.length > 0 ? patterns : ['refs/heads', 'refs/tags'];
  // %00 after every field: a message may hold anything else.
  const format = FIELDS.map((field) => `${field}%00`).join('');
  const text = await runGit(repositoryPath, ['for-each-ref', `--format=${format}`, '--', ...wanted]);
  const fields = text.split('\0');
  const refs: Ref[] = [];
  for (let at = 0; at + FIELDS.length <= fields.length - 1; at += FIELDS.length) {
    refs.push(refFrom(fields.slice(at, at + FIELDS.length)));
  }
  return refs;
}

function refFrom(fields: string[]): Ref {
  const [refname = '', oid = '', type = '', peeled = '', name = '', email = '', date = ''] = fields;
  const [contents = '', own = '', inner = ''] = fields.slice(7);
  const ref = refname.replace(/^\n/, ''); // the newline that ended the record before
  const isTag = ref.startsWith('refs/tags/');
  return {
    type: isTag ? 'tag' : 'branch',
    name: ref.replace(/^refs\/(heads|tags)\//, ''),
    ref,
    oid,
    commit: type === 'tag' ? peeled : oid,
    date: type === 'tag' ? inner : own,
    annotation: type === 'tag' ? { message: contents, tagger: { name, email, date } } : null,
  };
}
