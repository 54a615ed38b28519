import type { GitService } from '../git/admit.js';

export interface GitCommand {
  readonly service: GitService;
  readonly workspace: string;
  readonly slug: string;
}

/** git quotes the path, some do not; some send the program's full path; the leading slash depends on the URL's form. */
const COMMAND = /^(?:\S*\/)?git[ -](upload-pack|receive-pack)\s+(\S.*)$/;

/** Undefined for everything that is not git, and for paths of another shape than `{workspace}/{slug}`. */
export function parseCommand(command: string): GitCommand | undefined {
  const [, verb, argument = ''] = COMMAND.exec(command.trim()) ?? [];
  const segments = unquote(argument.trim())
    .replace(/^\/+|\/+$/g, '')
    .replace(/\.git$/, '')
    .split('/');
  const [workspace, slug] = segments;
  if (!verb || !workspace || !slug || segments.length !== 2) return undefined;
  return { service: verb === 'upload-pack' ? 'git-upload-pack' : 'git-receive-pack', workspace, slug };
}

/** sh's single quotes as git writes them: `'it'\''s'`. */
function unquote(text: string): string {
  if (/^'.*'$/.test(text)) return text.slice(1, -1).replace(/'\\''/g, "'").replace(/'\\!'/g, '!');
  return /^".*"$/.test(text) ? text.slice(1, -1) : text;
}
