import type { GitService } from '../git/admit.js';
import type { LfsOperation } from '../lfs/lfs-counts.js';

export interface GitCommand {
  readonly service: GitService;
  readonly workspace: string;
  readonly slug: string;
}

/** git quotes the path, some do not; some send the program's full path; the leading slash depends on the URL's form. */
const COMMAND = /^(?:\S*\/)?git[ -](upload-pack|receive-pack)\s+(\S.*)$/;

export interface LfsCommand {
  readonly operation: LfsOperation;
  readonly workspace: string;
  readonly slug: string;
}

/** Old clients add an oid. */
const LFS_COMMAND = /^(?:\S*\/)?git-lfs-authenticate\s+(\S.*?)\s+(download|upload)(?:\s+\S+)?$/;

/** Undefined for everything that is not git, and for paths of another shape than `{workspace}/{slug}`. */
export function parseCommand(command: string): GitCommand | undefined {
  const [, verb, argument = ''] = COMMAND.exec(command.trim()) ?? [];
  const repository = readRepository(argument);
  if (!verb || !repository) return undefined;
  return { service: verb === 'upload-pack' ? 'git-upload-pack' : 'git-receive-pack', ...repository };
}

/** `git-lfs-authenticate {repository} download|upload`. Spec: git-lfs docs/api/server-discovery.md. */
export function parseLfsCommand(command: string): LfsCommand | undefined {
  const [, argument = '', word = ''] = LFS_COMMAND.exec(command.trim()) ?? [];
  const repository = readRepository(argument);
  return repository && { operation: word === 'upload' ? 'upload' : 'download', ...repository };
}

function readRepository(argument: string): { workspace: string; slug: string } | undefined {
  const segments = unquote(argument.trim())
    .replace(/^\/+|\/+$/g, '')
    .replace(/\.git$/, '')
    .split('/');
  const [workspace, slug] = segments;
  return workspace && slug && segments.length === 2 ? { workspace, slug } : undefined;
}

/** sh's single quotes as git writes them: `'it'\''s'`. */
function unquote(text: string): string {
  if (/^'.*'$/.test(text)) return text.slice(1, -1).replace(/'\\''/g, "'").replace(/'\\!'/g, '!');
  return /^".*"$/.test(text) ? text.slice(1, -1) : text;
}
