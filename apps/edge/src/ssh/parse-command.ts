import { isGitService, type GitService } from '@antipode/domain';

/** What a client asked to run, understood. */
export type ParsedCommand =
  | { readonly kind: 'git'; readonly service: GitService; readonly path: string }
  | { readonly kind: 'lfs_authenticate'; readonly operation: 'download' | 'upload'; readonly path: string }
  | { readonly kind: 'lfs_transfer' }
  | { readonly kind: 'unknown' };

/** No path of a primary is nearly as long. */
const LONGEST = 4096;
const UNKNOWN: ParsedCommand = { kind: 'unknown' };

/**
 * Reads a command line as git and its relatives write it:
 *
 *   git-upload-pack '/acme/widget.git'    git upload-pack acme/widget.git    /usr/bin/git-receive-pack "~/acme/widget"
 *   git-lfs-authenticate acme/widget.git download
 *
 * It never reaches a shell, so nothing of a shell's is understood but quoting.
 */
export function parseCommand(text: string): ParsedCommand {
  if (text.length > LONGEST) return UNKNOWN;
  const words = splitWords(text);
  if (!words) return UNKNOWN;
  const [program = '', ...args] = joinGit(words);
  if (program === 'git-lfs-transfer') return { kind: 'lfs_transfer' };
  const [path, operation] = args;
  if (program === 'git-lfs-authenticate') return readAuthenticate(path, operation, args.length);
  if (!isGitService(program) || path === undefined || args.length > 1) return UNKNOWN;
  return { kind: 'git', service: program, path: withoutHome(path) };
}

/** git-lfs quotes nothing, and before version 1 it named an object as well. */
function readAuthenticate(
  path: string | undefined,
  operation: string | undefined,
  count: number,
): ParsedCommand {
  const isOperation = operation === 'download' || operation === 'upload';
  if (path === undefined || !isOperation || count > 3) return UNKNOWN;
  return { kind: 'lfs_authenticate', operation, path: withoutHome(path) };
}

/** "git upload-pack" is "git-upload-pack", and a program's folder is the client's fancy. */
function joinGit([program = '', ...args]: readonly string[]): string[] {
  const name = program.slice(program.lastIndexOf('/') + 1);
  return name === 'git' && args[0] !== undefined ? [`git-${args[0]}`, ...args.slice(1)] : [name, ...args];
}

/** All repositories live at the root, and "~" is the root: `ssh://host/~/x` (go-git) and `host:~/x` mean `x`. */
function withoutHome(path: string): string {
  return path.replace(/^\/?~\//, '').replace(/^\//, '');
}

/** Words as a shell would see them; undefined where one would see more than words. */
function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const word = /^(?:'[^']*'|"[^"\\$`]*"|\\[^\n]|[^\s'"\\$`;&|<>()*?[\]#!{}])+/.exec(rest)?.[0];
    if (word === undefined) return undefined;
    words.push(unquote(word));
    rest = rest.slice(word.length);
    const gap = /^\s+/.exec(rest)?.[0] ?? '';
    if (gap === '' && rest !== '') return undefined;
    rest = rest.slice(gap.length);
  }
  // eslint-disable-next-line no-control-regex -- exactly these are what no path and no program may hold
  return words.some((word) => /[\0-\x1f\x7f]/.test(word)) ? undefined : words;
}

const unquote = (word: string): string =>
  word.replace(/'([^']*)'|"([^"]*)"|\\(.)/g, (_, single?: string, double?: string, escaped?: string) =>
    String(single ?? double ?? escaped),
  );
