import { AntipodeError } from '@antipode/errors';

/**
 * A link's origin, and its path and query as they were written: a URL parser would tidy up escapes that a signature
 * was made over.
 *
 * @throws AntipodeError `primary_misbehaved` where it is no address of the web.
 */
export function splitHref(href: string): { readonly origin: string; readonly path: string } {
  const found = /^(https?:\/\/[^/?#]+)([^#]*)/i.exec(href);
  const [, authority = '', rest = ''] = found ?? [];
  if (!found || !URL.canParse(authority)) throw noLink();
  const { origin, username } = new URL(authority);
  // A name in a link would have to become a header, which no action ever asked for.
  if (username !== '') throw noLink();
  return { origin, path: rest.startsWith('/') ? rest : `/${rest}` };
}

const noLink = (): AntipodeError => new AntipodeError('primary_misbehaved', 'reading a link of the primary');
