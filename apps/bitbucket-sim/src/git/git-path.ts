import type { GitOperation } from '../http/counters.js';

export interface GitPath {
  readonly workspace: string;
  readonly slug: string;
  readonly operation: GitOperation;
  /** Of the repository's own URL space: `info/refs` … */
  readonly tail: string;
}

const OPERATIONS: Readonly<Record<string, GitOperation>> = {
  'info/refs': 'info-refs',
  'git-upload-pack': 'upload-pack',
  'git-receive-pack': 'receive-pack',
};

/** `/{ws}/{slug}.git/info/refs`, also without `.git`. Undefined for everything else: it is a web page then. */
export function parseGitPath(rawPath: string): GitPath | undefined {
  const match = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(
    rawPath,
  );
  const [, workspace, slug, tail = ''] = match ?? [];
  const operation = OPERATIONS[tail];
  if (!workspace || !slug || !operation) return undefined;
  try {
    return { workspace: decodeURIComponent(workspace), slug: decodeURIComponent(slug), operation, tail };
  } catch {
    return undefined;
  }
}
