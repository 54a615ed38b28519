import { CSRF_FIELD, markup, phaseOf, spanOf, type Html, type Piece, type Tone } from '@antipode/web-pages';

/** Small pieces that several pages are made of. Everything put in is escaped by `markup`. */

/** A moment, in the reader's own time where scripts run. */
export const momentOf = (iso: string): Html =>
  markup`<time datetime="${iso}" data-local>${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;

/** How long ago; goes on counting where scripts run. */
export const agoOf = (iso: string, now = Date.now()): Html =>
  markup`<time datetime="${iso}" data-ago>${spanOf((now - Date.parse(iso)) / 1000)}</time> ago`;

export const badge = (tone: Tone, words: Piece): Html => markup`<span class="state ${tone}">${words}</span>`;

export interface Progress {
  readonly step: string;
  readonly percent: number;
  readonly receivedBytes: number;
}

/** The state of a repository; kept up to date within an element that has `data-repository`. */
export function stateBadge(phase: string, progress: Progress | null): Html {
  const [tone, words] = phaseOf(phase, progress);
  return markup`<span class="state ${tone}" data-state>${words}</span>`;
}

/** How far a repository has come; empty while nothing runs. */
export const progressBar = (name: string, progress: Progress | null): Html =>
  markup`<progress data-bar max="100" value="${progress?.percent ?? 0}" aria-label="Progress of ${name}"${progress ? undefined : markup` hidden`}></progress>`;

/** @param words told: "in sync as of 3 s ago". bare: "3 s ago", where a heading says the rest */
export const freshness = (confirmedAt: string | null, words: 'told' | 'bare' = 'told'): Html => {
  const at = confirmedAt === null ? undefined : markup` datetime="${confirmedAt}"`;
  const span = confirmedAt === null ? '' : spanOf((Date.now() - Date.parse(confirmedAt)) / 1000);
  return markup`<span data-fresh${at ? undefined : markup` hidden`}>${words === 'told' ? 'in sync as of ' : undefined}<time data-ago${at}>${span}</time> ago</span>`;
};

export const notice = (tone: 'info' | Exclude<Tone, '' | 'busy'>, title: Piece, body: Piece): Html =>
  markup`<section class="notice ${tone}"><h2>${title}</h2>${body}</section>`;

export interface FormOptions {
  readonly action: string;
  readonly csrf: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly label: string;
  readonly look?: 'quiet' | 'danger' | 'quiet small' | 'link';
}

/** A form that is one button. */
export const buttonForm = ({ action, csrf, fields = {}, label, look }: FormOptions): Html =>
  markup`<form method="post" action="${action}">${csrfField(csrf)}${hiddenFields(fields)}<button${
    look ? markup` class="${look}"` : undefined
  }>${label}</button></form>`;

export const csrfField = (csrf: string): Html => hidden(CSRF_FIELD, csrf);

export const hidden = (name: string, value: string): Html =>
  markup`<input type="hidden" name="${name}" value="${value}">`;

const hiddenFields = (fields: Readonly<Record<string, string>>): Html[] =>
  Object.entries(fields).map(([name, value]) => hidden(name, value));

/** A line to copy. @param id unique on the page */
export const copyable = (id: string, text: string, what: string): Html =>
  markup`<div class="copyable"><pre><code id="${id}">${text}</code></pre><button type="button" class="quiet" data-copy="${id}" aria-label="Copy: ${what}" hidden>Copy</button></div>`;

export const option = (value: string, label: string, chosen: string): Html =>
  markup`<option value="${value}"${value === chosen ? markup` selected` : undefined}>${label}</option>`;

/** One and many: `count(1, 'repository', 'repositories')`. */
export const count = (number: number, one: string, many: string): string =>
  `${number.toLocaleString('en')} ${number === 1 ? one : many}`;

export const repositoriesOf = (number: number): string => count(number, 'repository', 'repositories');

export const figure = (value: Piece, label: Piece): Html =>
  markup`<div><dt>${label}</dt><dd>${value}</dd></div>`;

export const fact = (label: Piece, value: Piece): Html => markup`<dt>${label}</dt><dd>${value}</dd>`;
