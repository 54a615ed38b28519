/** A path pattern: literal segments, `:name` for one that is decoded into a parameter, `:name*` for all that follow. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

export interface Match<R extends Route> {
  readonly route: R;
  readonly params: Readonly<Record<string, string>>;
}

/** `not-found`: no such path; `method`: the path exists for other methods. */
export type Lookup<R extends Route> = { found: Match<R> } | { missing: 'not-found' | 'method' };

/** Finds a route by method and raw (still percent-encoded) path. The first that fits wins. */
export function findRoute<R extends Route>(routes: readonly R[], method: string, rawPath: string): Lookup<R> {
  const segments = split(rawPath);
  if (segments === undefined) return { missing: 'not-found' };
  let otherMethod = false;
  for (const route of routes) {
    const params = matchPath(route.path, segments);
    if (!params) continue;
    if (route.method === method || (route.method === 'GET' && method === 'HEAD'))
      return { found: { route, params } };
    otherMethod = true;
  }
  return { missing: otherMethod ? 'method' : 'not-found' };
}

/** Decoded segments; a trailing slash is forgiven. Undefined where the encoding is broken. */
function split(rawPath: string): string[] | undefined {
  try {
    return rawPath
      .replace(/^\/|\/$/g, '')
      .split('/')
      .map((segment) => decodeURIComponent(segment));
  } catch {
    return undefined;
  }
}

function matchPath(pattern: string, segments: readonly string[]): Record<string, string> | undefined {
  const wanted = pattern.replace(/^\//, '').split('/');
  const isOpen = pattern.endsWith('*');
  if (isOpen ? segments.length < wanted.length : segments.length !== wanted.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, want] of wanted.entries()) {
    const segment = segments[i] ?? '';
    if (want.endsWith('*')) params[want.slice(1, -1)] = segments.slice(i).join('/');
    else if (want.startsWith(':')) params[want.slice(1)] = segment;
    else if (want !== segment) return undefined;
  }
  return params;
}
