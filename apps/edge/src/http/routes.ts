import type { GitService } from '@antipode/domain';

/** Every kind of request that the HTTP door knows. A closed set: it is a metric's label. */
export type RouteName =
  | 'info_refs'
  | 'upload_pack'
  | 'receive_pack'
  | 'lfs_batch'
  | 'lfs_locks'
  | 'lfs_object'
  | 'lfs_unknown'
  | 'dumb'
  | 'own'
  | 'live'
  | 'page';

export interface Route {
  readonly name: RouteName;
  /** The repository's part of the path, still percent-encoded, without the leading slash. */
  readonly path: string;
  readonly query: string;
  /** What the route's own part of the path tells more: "locks/7/unlock". */
  readonly rest: string;
}

interface Pattern {
  readonly name: RouteName;
  readonly methods: readonly string[];
  /** The first group is the repository's path, the second the route's rest. */
  readonly pattern: RegExp;
}

/** gitprotocol-http(5); the first pattern that fits wins. */
const ROUTES: readonly Pattern[] = [
  // Of LFS each answers for its methods itself: git-lfs reads JSON only.
  { name: 'lfs_object', methods: [], pattern: /^\/-\/lfs\/()/ },
  // As loosely as the registry reads paths: a stream by another spelling is refused (own-proxy.ts).
  { name: 'live', methods: [], pattern: /^\/-\/api\/v1\/events\/?()$/i },
  { name: 'own', methods: [], pattern: /^\/-(?:\/|$)()/ },
  { name: 'info_refs', methods: ['GET', 'HEAD'], pattern: /^\/(.+)\/info\/refs$/ },
  { name: 'upload_pack', methods: ['POST'], pattern: /^\/(.+)\/git-upload-pack$/ },
  { name: 'receive_pack', methods: ['POST'], pattern: /^\/(.+)\/git-receive-pack$/ },
  { name: 'lfs_batch', methods: [], pattern: /^\/(.+)\/info\/lfs\/objects\/batch$/ },
  {
    name: 'lfs_locks',
    methods: [],
    pattern: /^\/(.+)\/info\/lfs\/(locks|locks\/verify|locks\/[^/]+\/unlock)$/,
  },
  { name: 'lfs_unknown', methods: [], pattern: /^\/(.+)\/info\/lfs(?:\/.*)?$/ },
  {
    name: 'dumb',
    methods: ['GET', 'HEAD'],
    pattern: /^\/(.+)\/(?:HEAD|objects\/(?:info\/[^/]+|pack\/pack-[^/]+|[0-9a-f]{2}\/[0-9a-f]+))$/,
  },
  // What Bitbucket Data Center's clients ask its mirrors for; a repository of a workspace "rest" came first.
  { name: 'own', methods: [], pattern: /^\/(?:rest\/.*|status$)()/ },
  { name: 'page', methods: ['GET', 'HEAD'], pattern: /^\/(.*)$/ },
];

/** Which route a request takes; undefined for a target that is no path at all ("*", "host:443"). */
export function findRoute(target: string): Route | undefined {
  const relative = relativeTarget(target);
  const mark = relative.indexOf('?');
  const pathname = mark < 0 ? relative : relative.slice(0, mark);
  const query = mark < 0 ? '' : relative.slice(mark + 1);
  for (const { name, pattern } of ROUTES) {
    const found = pattern.exec(pathname);
    if (found) return { name, path: found[1] ?? '', query, rest: found[2] ?? '' };
  }
  return undefined;
}

/** A proxy may send the absolute form (RFC 9112); the host in it decides nothing here. */
export const relativeTarget = (target: string): string => target.replace(/^https?:\/\/[^/?#]*/i, '');

/** The methods of a route; empty where it takes them all. */
export const methodsOf = (name: RouteName): readonly string[] =>
  ROUTES.find((route) => route.name === name)?.methods ?? [];

export const contentType = (service: GitService, what: 'advertisement' | 'request' | 'result'): string =>
  `application/x-${service}-${what}`;
