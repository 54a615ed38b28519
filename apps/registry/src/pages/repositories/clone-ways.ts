import type { MirrorView } from '../home/home-view.js';

/** One way to clone a repository: from where, and how. */
export interface CloneWay {
  /** Name of the source within the page: "this", "primary", "mirror-1". */
  readonly source: string;
  readonly sourceName: string;
  readonly protocol: 'https' | 'ssh';
  readonly url: string;
  readonly sourcetree: string;
}

export interface CloneUrls {
  readonly https: string | null;
  readonly ssh: string | null;
  readonly primary: { readonly https: string; readonly ssh: string | null };
}

export interface CloneSources {
  readonly path: string;
  readonly urls: CloneUrls;
  /** This one first. */
  readonly mirrors: readonly MirrorView[];
  readonly primaryName: string;
}

/** Every way there is: this mirror, its siblings that answer, the primary. */
export function cloneWays({ path, urls, mirrors, primaryName }: CloneSources): CloneWay[] {
  const [self, ...siblings] = mirrors;
  const ours = named('this', self ? `${labelOf(self)} (this mirror)` : 'This mirror', urls);
  const others = siblings
    .filter(({ state }) => state === 'available')
    .flatMap((mirror, index) =>
      named(`mirror-${index + 1}`, labelOf(mirror), {
        https: mirror.url === null ? null : under(mirror.url, encoded(path)),
        ssh: mirror.sshUrl === null ? null : under(mirror.sshUrl, path),
      }),
    );
  return [...ours, ...others, ...named('primary', `${primaryName} (the primary)`, urls.primary)];
}

const labelOf = ({ name, region }: MirrorView): string => (region === null ? name : `${name}, ${region}`);

function named(source: string, sourceName: string, urls: Pick<CloneUrls, 'https' | 'ssh'>): CloneWay[] {
  return (['https', 'ssh'] as const).flatMap((protocol) => {
    const url = urls[protocol];
    return url === null ? [] : [{ source, sourceName, protocol, url, sourcetree: sourcetreeLink(url) }];
  });
}

/**
 * The form that Bitbucket's own clone dialogs have, Cloud's as Server's: the URL as it is, as the path. The other one
 * (`?type=stash&cloneUrl=…&baseWebUrl=…`) makes Sourcetree look for an account of a Bitbucket Server at the mirror's
 * address, and there is none; with `?cloneUrl=` alone, another program (Fork) takes the link for its own.
 */
export const sourcetreeLink = (url: string): string => `sourcetree://cloneRepo/${url}`;

const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
const under = (base: string, path: string): string => `${base.replace(/\/$/, '')}/${path}.git`;

/** What every URL of a host has in common: paths are the same here and there. Undefined where this one has it not. */
export function baseOf(url: string, path: string): string | undefined {
  for (const end of [`${encoded(path)}.git`, `${path}.git`]) {
    if (url.endsWith(`/${end}`)) return url.slice(0, -end.length);
  }
  return undefined;
}
