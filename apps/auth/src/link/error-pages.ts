import type { AntipodeError, Code } from '@antipode/errors';
import type { Page } from '@antipode/web-pages';
import { failed } from './pages.js';

const LATER = 'Please try again in a moment.';
const OURS: readonly [number, string, string] = [500, 'Something went wrong here', LATER];
const AWAY: readonly [number, string, string] = [503, 'Not possible at the moment', LATER];
const PRIMARY: readonly [number, string, string] = [
  502,
  'The primary did not answer',
  `The host that this mirror follows gave no answer that could be used. ${LATER}`,
];

/** What a person with a browser reads, for every way in which a page can end badly. */
const PAGES: Record<Code, readonly [status: number, title: string, sentence: string]> = {
  invalid: [400, 'That could not be read', 'The request was not one of this page’s own.'],
  unauthenticated: [
    403,
    'Nothing was linked',
    'The primary did not take what it had just given. Please begin again.',
  ],
  denied: [
    403,
    'Nothing was linked',
    'The primary no longer takes this answer, or refuses a permission. Please begin again.',
  ],
  not_found: [404, 'There is no such page', 'Linking begins at the page below.'],
  conflict: [409, 'Somebody was faster', LATER],
  too_large: [413, 'That was too much', 'The request was not one of this page’s own.'],
  unsupported: [405, 'Not like that', 'The request was not one of this page’s own.'],
  too_many_failures: [
    429,
    'Too many requests',
    'Too many requests came from your address. Please wait a minute.',
  ],
  not_connected: [
    503,
    'Accounts cannot be linked at the moment',
    'The primary does not take the mirror’s own credentials. Please tell the people who run the mirror.',
  ],
  busy: AWAY,
  timed_out: AWAY,
  cancelled: AWAY,
  primary_unavailable: PRIMARY,
  primary_limited: PRIMARY,
  primary_misbehaved: PRIMARY,
  service_unavailable: AWAY,
  mirror_damaged: OURS,
  disk_full: OURS,
  internal: OURS,
};

export function pageOfError({ code }: AntipodeError): Page {
  const [status, title, sentence] = PAGES[code];
  return failed(status, title, sentence);
}
