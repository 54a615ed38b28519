import type { RepositoryPath } from '@antipode/domain';
import type { Primary } from '@antipode/primary';

/** What somebody who uses LFS may read at the terminal. */
export interface LfsSentences {
  /** By `PUSH=refuse`. */
  uploadsRefused(path: RepositoryPath): string;
  /** A repository's or project's access key. */
  readOnlyKey(path: RepositoryPath): string;
  /** Whoever came in with a forwarded agent. */
  agentCannotUpload(path: RepositoryPath): string;
  agentCannotLock(): string;
  readOnly(): string;
  downloadTokenOnly(): string;
  /** Of one object. */
  primaryAway(): string;
  missing(): string;
  /** The primary's link holds a credential that was lent. */
  linkNotForOthers(): string;
}

export interface LfsSentencesOptions {
  readonly primary: Pick<Primary, 'displayName' | 'lfs'>;
  /** The page where a person links an account. */
  readonly linkUrl: string;
}

export function openLfsSentences({ primary, linkUrl }: LfsSentencesOptions): LfsSentences {
  const { displayName: name, lfs } = primary;
  const elsewhere = (path: RepositoryPath): string =>
    `send LFS objects to ${name} itself; downloads stay here:\n\n    git config remote.origin.lfspushurl ${lfs.url(path)}\n`;
  const link = `Link your account once:\n\n    ${linkUrl}\n`;
  return {
    uploadsRefused: (path) => `This mirror takes no uploads. Instead ${elsewhere(path)}`,
    readOnlyKey: (path) => `An access key may only read. ${link}\nor ${elsewhere(path)}`,
    agentCannotUpload: (path) =>
      `A forwarded SSH agent cannot upload LFS objects: ${name} takes them over HTTPS only. ${link}\nor ${elsewhere(path)}`,
    agentCannotLock: () => `A forwarded SSH agent has no locks: ${name} keeps them over HTTPS only. ${link}`,
    readOnly: () => 'You may read this repository, but not write to it.',
    downloadTokenOnly: () => 'This token was given out for downloads only.',
    primaryAway: () =>
      `${name} cannot be reached, and this mirror does not have this object yet. Try again in a few minutes.`,
    linkNotForOthers: () =>
      `The part of this mirror that handles large files is away, and ${name}'s own link cannot be given to you. Try again in a few minutes.`,
    missing: () => 'The object does not exist.',
  };
}
