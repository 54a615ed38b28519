import { PLACES, type Frame } from '@antipode/web-pages';
import type { RegistryConfig } from '../config.js';
import { isAdministrator, isMember, type Viewer } from '../people/viewer.js';
import type { Visit } from './visit.js';

/** What stands around a page, for whoever looks at it. */
export function frameFor(
  { viewer, url, csrf }: Pick<Visit, 'viewer' | 'url' | 'csrf'>,
  config: Pick<RegistryConfig, 'MIRROR_NAME'>,
): Frame {
  const navigation = [
    PLACES.home,
    ...(isAdministrator(viewer) ? [PLACES.projects] : []),
    PLACES.repositories,
    ...(isMember(viewer) ? [PLACES.activity] : []),
    PLACES.account,
  ];
  const { pathname } = url;
  const current = navigation.findLast(({ path }) => pathname === path || pathname.startsWith(`${path}/`));
  return {
    navigation,
    current: current?.path ?? (pathname === '/-' ? PLACES.home.path : ''),
    mirror: config.MIRROR_NAME,
    ...person(viewer, csrf, url),
  };
}

/** And back to where somebody was. */
const signInPath = ({ pathname, search }: URL): string =>
  /^\/-\/sign-/.test(pathname) ? '/-/sign-in' : `/-/sign-in?return=${encodeURIComponent(pathname + search)}`;

/** Sessions of people are auth's, and end there; that of the admin token ends here. */
function person(viewer: Viewer, csrf: string, url: URL): Pick<Frame, 'person' | 'signIn' | 'signOut'> {
  switch (viewer.kind) {
    case 'anonymous':
      return { signIn: { label: 'Sign in', path: signInPath(url) } };
    case 'token':
      return { person: 'Admin token', signOut: { path: '/-/sign-out', csrf } };
    case 'person':
      return { person: viewer.displayName, signOut: { path: '/-/link/sign-out', csrf } };
  }
}
