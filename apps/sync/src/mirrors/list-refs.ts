import { gitOk } from '@antipode/git-process';

/** Longest listing of refs that we take: some two million of them. */
const LONGEST_LISTING = 256 * 1024 * 1024;

/** Refs on disk by name, our own included; only those under a prefix where one is given. */
export async function listRefs(repository: string, prefix?: string): Promise<Map<string, string>> {
  const text = await gitOk(repository, {
    args: ['for-each-ref', '--format=%(objectname) %(refname)', ...(prefix ? [prefix] : [])],
    maxOutputBytes: LONGEST_LISTING,
  });
  const lines = text.toString('utf8').split('\n').filter(Boolean);
  return new Map(lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]));
}
