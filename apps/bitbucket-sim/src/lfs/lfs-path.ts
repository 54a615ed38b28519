export interface LfsPath {
  readonly workspace: string;
  readonly slug: string;
  /** Below the LFS server's URL: `/objects/batch`, `/locks` …, as it was written. */
  readonly tail: string;
}

/** `/{ws}/{slug}.git/info/lfs/…`, also without `.git`. Undefined for everything else. */
export function parseLfsPath(rawPath: string): LfsPath | undefined {
  const match = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/info\/lfs(\/.+)$/.exec(rawPath);
  const [, workspace, slug, tail] = match ?? [];
  if (!workspace || !slug || !tail) return undefined;
  try {
    return { workspace: decodeURIComponent(workspace), slug: decodeURIComponent(slug), tail };
  } catch {
    return undefined;
  }
}
