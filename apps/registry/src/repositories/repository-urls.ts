import type { RepositoryPath } from '@antipode/domain';
import type { Primary } from '@antipode/primary';

export interface RepositoryUrls {
  /** Null where the mirror does not know its own address. */
  readonly https: string | null;
  readonly ssh: string | null;
  /** The same repository at the primary; ssh is null where the primary is not known to have it. */
  readonly primary: { readonly https: string; readonly ssh: string | null };
}

/** Where a repository can be cloned: here, and at the primary. */
export function repositoryUrls(
  path: RepositoryPath,
  mirror: { readonly https: string | undefined; readonly ssh: string | undefined },
  primary: Pick<Primary, 'gitUrl' | 'sshUrl' | 'sshPath'>,
): RepositoryUrls {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  const under = (base: string | undefined, rest: string): string | null =>
    base === undefined ? null : `${base.replace(/\/$/, '')}/${rest}`;
  return {
    https: under(mirror.https, `${encoded}.git`),
    ssh: under(mirror.ssh, `${path}.git`),
    primary: { https: primary.gitUrl(path), ssh: under(primary.sshUrl, primary.sshPath(path)) },
  };
}
