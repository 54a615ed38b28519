import { createHash } from 'node:crypto';
import { Html, markup } from './markup.js';

const CSS = `
:root{color-scheme:light dark;--ink:#1d2733;--paper:#fff;--soft:#5b6875;--line:#d9dfe5;--accent:#0b5fcc;--on:#fff;--warn:#8a3b00;--back:#f4f6f8}
@media (prefers-color-scheme:dark){:root{--ink:#e6ebf0;--paper:#1b222a;--soft:#9fadba;--line:#36414d;--accent:#6aa9ff;--on:#0c1116;--warn:#ffb37a;--back:#12171d}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
header{display:flex;gap:1rem;justify-content:space-between;max-width:42rem;margin:1rem auto 0;padding:0 2rem}
main{max-width:42rem;margin:3rem auto;padding:2rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem}
@media (max-width:44rem){main{margin:0;border:0;border-radius:0;min-height:100vh}}
h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.25}
h2{margin:2rem 0 .5rem;font-size:1.1rem}
p,ul{margin:.5rem 0 1rem}
code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse}
th,td{padding:.5rem .75rem .5rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600;color:var(--soft)}
button{padding:.6rem 1.2rem;border:1px solid var(--accent);border-radius:.5rem;background:var(--accent);color:var(--on);font:inherit;cursor:pointer}
button.quiet{background:transparent;color:var(--accent)}
button:focus-visible,a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
a{color:var(--accent)}
.warning{padding:.75rem 1rem;border-left:4px solid var(--warn);background:var(--back)}
.soft{color:var(--soft)}
`;

const STYLE_HASH = `'sha256-${createHash('sha256').update(CSS).digest('base64')}'`;

export interface Page {
  readonly status: number;
  readonly title: string;
  readonly body: Html;
}

/** One of the mirror's own places, in the navigation. */
export interface Place {
  readonly label: string;
  readonly path: string;
}

/** What stands around a page. */
export interface Frame {
  readonly navigation?: readonly Place[];
  /** The path of the place in the navigation where the reader is. */
  readonly current?: string;
  /** How to greet who is signed in. */
  readonly person?: string | undefined;
}

/** A whole document. The style is allowed by its hash; nothing else may be loaded or run. */
export const render = ({ title, body }: Page, frame: Frame = {}): string =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(CSS)}</style>
</head>
<body>
${frameOf(frame)}
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.text;

function frameOf({ navigation = [], current, person }: Frame): Html | undefined {
  if (navigation.length === 0 && person === undefined) return undefined;
  const links = navigation.map(({ label, path }) =>
    path === current
      ? markup`<a href="${path}" aria-current="page">${label}</a> `
      : markup`<a href="${path}">${label}</a> `,
  );
  return markup`<header><nav aria-label="Mirror">${links}</nav>${person && markup`<span>${person}</span>`}</header>`;
}

/**
 * Headers of every page.
 *
 * @param signInOrigin where the form's answer sends the browser: browsers hold redirects after a form to `form-action`,
 *   also the primary's own further ones to wherever people sign in; hence any https where the primary is https.
 */
export function pageHeaders(signInOrigin: string | undefined): Readonly<Record<string, string>> {
  const targets = ["'self'", signInOrigin, signInOrigin?.startsWith('https:') ? 'https:' : undefined];
  const policy = [
    "default-src 'none'",
    `style-src ${STYLE_HASH}`,
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
