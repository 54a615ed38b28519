export interface Link {
  readonly href: string;
}
export type Json = Record<string, unknown>;

/** The hrefs of one host. The simulator serves `https://api.bitbucket.org` and `https://bitbucket.org` on one port. */
export class Urls {
  /** @param base scheme and authority, without a trailing slash. */
  constructor(readonly base: string) {}

  api(path: string): Link {
    return { href: `${this.base}/2.0${path}` };
  }

  html(path: string): Link {
    return { href: `${this.base}${path}` };
  }

  avatar(path: string): Link {
    return { href: `${this.base}${path}/avatar/` };
  }

  /** `http://user@host/ws/repo.git`: the https clone link carries the caller's username. */
  clone(path: string, username: string | undefined): string {
    const url = new URL(`${this.base}${path}.git`);
    if (username !== undefined) url.username = username;
    return url.href;
  }
}

export const encodeUuid = (uuid: string): string => encodeURIComponent(uuid);
