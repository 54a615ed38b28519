import type { RepositoryPath } from '@antipode/domain';
import type { Primary } from '@antipode/primary';

/** What a pusher may read at the terminal. git puts "remote: " or "fatal: remote error: " before it. */
export interface PushSentences {
  /** By `PUSH=refuse`, on both doors. */
  refused(path: RepositoryPath): string;
  /** A repository's or project's access key. */
  readOnlyKey(path: RepositoryPath): string;
  /** The primary has not reported whole. */
  unknown(path: RepositoryPath): string;
}

export interface PushSentencesOptions {
  readonly primary: Pick<Primary, 'displayName' | 'gitUrl'>;
  /** The page where a person links an account. */
  readonly linkUrl: string;
}

export function openPushSentences({ primary, linkUrl }: PushSentencesOptions): PushSentences {
  const { displayName: name } = primary;
  const pushUrl = (path: RepositoryPath): string =>
    `    git remote set-url --push origin ${primary.gitUrl(path)}\n`;
  const link = `    ${linkUrl}\n`;
  return {
    refused: (path) =>
      `this mirror takes no pushes. Push to ${name} itself; fetches stay here:\n\n${pushUrl(path)}`,
    readOnlyKey: (path) =>
      `an access key may only read. Push with your own SSH key, after you have linked your account once:\n\n${link}\n` +
      `or push to ${name} itself; fetches stay here:\n\n${pushUrl(path)}`,
    unknown: (path) =>
      `${name} has not confirmed this push: it is UNKNOWN whether it arrived. Compare before you push again:\n\n` +
      `    git ls-remote ${primary.gitUrl(path)}\n`,
  };
}
