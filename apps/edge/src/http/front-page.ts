import type { IncomingMessage, ServerResponse } from 'node:http';
import { dropNodeHeaders, sendText } from './respond.js';

/** A path on the primary is shorter, and a header with a longer one helps nobody. */
const LONGEST_PATH = 512;
/** Text and redirect are two answers for one address. */
const VARY = { Vary: 'Accept' } as const;

export interface FrontPage {
  readonly primaryName: string;
  readonly fingerprints: readonly string[];
}

/**
 * Any `GET` that is none of git's: a browser is led to the mirror's pages, everybody else reads how to clone.
 * Both are the same for each path: neither learns more than git.
 *
 * @param path decoded; undefined where it is none
 */
export function answerFrontPage(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { path, page }: { readonly path: string | undefined; readonly page: FrontPage },
): void {
  if (!isBrowser(headers.accept)) return sendText(response, 200, textOf(page), VARY);
  dropNodeHeaders(response);
  response.writeHead(302, {
    ...VARY,
    Location: pageOf(path),
    'Cache-Control': 'no-store',
    'Content-Length': 0,
  });
  response.end();
}

const isBrowser = (accept: string | undefined): boolean =>
  /(?:^|,)\s*text\/html\s*(?:[;,]|$)/i.test(accept ?? '');

/**
 * Where the pages show what this path names: "/-/repositories/acme/widget". It begins with "/-/" and every segment is
 * encoded, so it leads nowhere but to this mirror's own pages.
 */
export function pageOf(path: string | undefined): string {
  if (path === undefined || path.length > LONGEST_PATH) return '/-/';
  const segments = path
    .replace(/\/+$/, '')
    .replace(/\.git$/i, '')
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.' && segment !== '..');
  const named = segments.map(encodeURIComponent).join('/');
  return named === '' ? '/-/' : `/-/repositories/${named}`;
}

function textOf({ primaryName, fingerprints }: FrontPage): string {
  const shown = fingerprints.map((line) => `    ${line}\n`).join('');
  return (
    `Antipode, a mirror of ${primaryName}.\n\n` +
    `This address is for git. Clone with the path and the credentials that you use for ${primaryName}:\n\n` +
    `    git clone <this address>/<workspace>/<repository>.git` +
    (shown ? `\n\nOver SSH this mirror shows one of these host keys:\n\n${shown}`.trimEnd() : '')
  );
}
