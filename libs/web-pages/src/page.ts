import { assetPath } from './assets.js';
import { CSRF_FIELD } from './csrf.js';
import { markup, type Html, type Piece } from './markup.js';

export interface Page {
  readonly status: number;
  readonly title: string;
  readonly body: Html;
  /** One sentence below the title. */
  readonly lead?: Piece;
  /** Beside the title: the state of what the page is about. */
  readonly badge?: Piece;
  /** Above the title: the way back. */
  readonly trail?: Place;
  /** card (as if absent): one matter, on a narrow card. wide: the body arranges itself. */
  readonly layout?: 'card' | 'wide';
  /** live: follows the mirror's news while it is open. */
  readonly news?: 'live';
}

/** One of the mirror's own places, in the navigation. */
export interface Place {
  readonly label: string;
  readonly path: string;
}

/** What stands around a page. */
export interface Frame {
  /** Absent: what anybody may visit. */
  readonly navigation?: readonly Place[];
  /** The path of the place in the navigation where the reader is. */
  readonly current?: string;
  /** How to greet who is signed in. */
  readonly person?: string | undefined;
  /** Where signing in begins, for those who are not. */
  readonly signIn?: Place | undefined;
  /** Where signing out is sent, with its form's token. */
  readonly signOut?: { readonly path: string; readonly csrf: string } | undefined;
  /** What people call this mirror. */
  readonly mirror?: string | undefined;
}

export const PLACES = {
  home: { label: 'Overview', path: '/-/' },
  projects: { label: 'Projects', path: '/-/projects' },
  repositories: { label: 'Repositories', path: '/-/repositories' },
  activity: { label: 'Activity', path: '/-/activity' },
  account: { label: 'My account', path: '/-/link' },
} as const satisfies Record<string, Place>;

const OF_ANYBODY: readonly Place[] = [PLACES.home, PLACES.repositories, PLACES.account];

/** A whole document. Its stylesheet, script and icon are files of the mirror; nothing else is loaded or run. */
export const render = (page: Page, frame: Frame = {}): string =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${page.title} · ${frame.mirror ?? 'Antipode'}</title>
<link rel="icon" type="image/svg+xml" href="${assetPath('antipode.svg')}">
<link rel="stylesheet" href="${assetPath('antipode.css')}">
<script type="module" src="${assetPath('antipode.js')}"></script>
</head>
<body data-now="${new Date().toISOString()}"${page.news === 'live' ? markup` data-live` : undefined}>
<a class="skip" href="#content">Skip to the content</a>
${topOf(frame)}
${page.news === 'live' ? LOST : undefined}
${mainOf(page)}
<p class="hidden-but-read" role="status" aria-live="polite" data-announce></p>
<footer class="foot"><div><span>${frame.mirror ?? 'Antipode'} · an Antipode mirror</span>
<a href="/-/api/v1/openapi.json">API</a></div></footer>
</body>
</html>
`.text;

const LOST = markup`<p class="lost" role="status" data-lost hidden>Live updates are interrupted; what you see may be old. Trying again…</p>`;

function mainOf({ title, body, lead, badge, trail, layout = 'card' }: Page): Html {
  const head = markup`${trail && markup`<p class="trail"><a href="${trail.path}">← ${trail.label}</a></p>`}
<div class="heading"><h1>${title}</h1>${badge}</div>
${lead !== undefined ? markup`<p class="lead">${lead}</p>` : undefined}`;
  return layout === 'card'
    ? markup`<main id="content" class="narrow" tabindex="-1">${head}<div class="card">${body}</div></main>`
    : markup`<main id="content" tabindex="-1">${head}${body}</main>`;
}

function topOf({ navigation = OF_ANYBODY, current, person, signIn, signOut, mirror }: Frame): Html {
  const links = navigation.map(
    ({ label, path }) =>
      markup`<li><a href="${path}"${path === current ? markup` aria-current="page"` : undefined}>${label}</a></li>`,
  );
  return markup`<header class="top"><div>
<a class="brand" href="${PLACES.home.path}">${MARK}<span>${mirror ?? 'Antipode'}</span></a>
<nav aria-label="Mirror"><ul>${links}</ul></nav>
<div class="person">${person && markup`<span>${person}</span>`}
${signIn && markup`<a href="${signIn.path}">${signIn.label}</a>`}
${signOut && markup`<form method="post" action="${signOut.path}"><input type="hidden" name="${CSRF_FIELD}" value="${signOut.csrf}"><button class="link">Sign out</button></form>`}</div>
</div></header>`;
}

/** Two places on opposite sides of one globe. */
const MARK = markup`<svg viewBox="0 0 32 32" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round"><circle cx="16" cy="16" r="12.5"/><path d="M9.5 22.5 22.5 9.5"/><circle cx="9" cy="23" r="3.6" fill="currentColor" stroke="none"/><circle cx="23" cy="9" r="3.6" fill="currentColor" stroke="none"/></svg>`;
