import { runGit } from './run-git.js';
import type { RefUpdate } from './ref-update.js';

export interface CommitOrder {
  readonly branch: string;
  /** Path → content; null deletes the path. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly message: string;
  readonly author: string;
  /** Unix seconds. */
  readonly at: number;
  /** Where the history continues from; the branch's tip by default, or null for a root commit. */
  readonly parent?: string | null;
  /** Moves the branch also where that is no fast-forward. */
  readonly mode: 'fast-forward' | 'force';
}

export interface MadeCommit {
  readonly hash: string;
  readonly update: RefUpdate;
}

/** One commit straight into a bare repository, by `git fast-import`: a single process. */
export async function makeCommit(repositoryPath: string, order: CommitOrder): Promise<MadeCommit> {
  const ref = `refs/heads/${order.branch}`;
  const old = await resolve(repositoryPath, ref);
  const parent =
    order.parent === undefined ? old : order.parent && (await resolve(repositoryPath, order.parent));
  const force = order.mode === 'force' ? ['--force'] : [];
  const args = ['fast-import', '--quiet', '--cat-blob-fd=1', ...force];
  const output = await runGit(repositoryPath, args, { input: stream(ref, order, parent) });
  const hash = output.trim();
  return { hash, update: { ref, old, new: hash } };
}

export async function resolve(repositoryPath: string, revision: string): Promise<string | null> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  const found = await runGit(repositoryPath, args, { accept: [1, 128] });
  return found.trim().split('\n').at(-1) || null;
}

/** git-fast-import(1), "INPUT FORMAT". */
function stream(ref: string, order: CommitOrder, parent: string | null): Buffer {
  const parts: Buffer[] = [];
  const text = (line: string): number => parts.push(Buffer.from(line));
  const data = (content: string): void => {
    const bytes = Buffer.from(content);
    text(`data ${bytes.length}\n`);
    parts.push(bytes, Buffer.from('\n'));
  };
  // A branch that is reset here would otherwise continue from its old tip.
  if (parent === null) text(`reset ${ref}\n\n`);
  text(`commit ${ref}\nmark :1\n`);
  text(`author ${order.author} ${order.at} +0000\ncommitter ${order.author} ${order.at} +0000\n`);
  data(order.message.endsWith('\n') ? order.message : `${order.message}\n`);
  if (parent !== null) text(`from ${parent}\n`);
  for (const [path, content] of Object.entries(order.files)) {
    if (content === null) text(`D ${JSON.stringify(path)}\n`);
    else {
      text(`M 100644 inline ${JSON.stringify(path)}\n`);
      data(content);
    }
  }
  text('\nget-mark :1\ndone\n');
  return Buffer.concat(parts);
}
