/**
 * Headers of every page. Nothing in a page itself is run or styled: all that may be loaded comes from the mirror.
 *
 * @param signInOrigin where a form's answer sends the browser: browsers hold redirects after a form to `form-action`,
 *   also the primary's own further ones to wherever people sign in; hence any https where the primary is https.
 */
export function pageHeaders(signInOrigin: string | undefined): Readonly<Record<string, string>> {
  const targets = ["'self'", signInOrigin, signInOrigin?.startsWith('https:') ? 'https:' : undefined];
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    `form-action ${targets.filter(Boolean).join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    // Not no-referrer: with it browsers say "Origin: null" of our own forms, which cannot be told from a stranger's.
    'referrer-policy': 'same-origin',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'x-robots-tag': 'noindex',
  };
}
