import { markup, sizeOf, spanOf, type Html, type Page } from '@antipode/web-pages';
import { figure, momentOf } from '../fragments.js';
import type { ActivityAnswer, AuditView, RunView } from './activity-view.js';
import { chart } from './chart.js';
import { runTable } from './run-table.js';

export interface ActivityView {
  readonly hours: number;
  readonly activity: ActivityAnswer;
  readonly runs: readonly RunView[];
  readonly failures: readonly RunView[];
  /** For administrators. */
  readonly audit: readonly AuditView[] | undefined;
  /** Of the audit log's next page. */
  readonly nextAudit: string | null;
}

/** What can be looked at, in hours. */
export const SPANS = [
  [6, '6 hours'],
  [24, 'a day'],
  [168, 'a week'],
  [720, '30 days'],
] as const;

export const activityPage = (view: ActivityView): Page => ({
  status: 200,
  title: 'Activity',
  lead: markup`How far behind the primary the mirror was, and what it served. Times on charts are UTC.`,
  layout: 'wide',
  body: markup`<nav class="actions spans" aria-label="Span of time">${SPANS.map(([hours, label]) => markup`<a class="button quiet small" href="/-/activity?hours=${hours}"${hours === view.hours ? markup` aria-current="true"` : undefined}>${label}</a>`)}</nav>
${totals(view.activity)}
<div class="grid charts"><section class="card">${lagChart(view.activity)}</section><section class="card">${trafficChart(view.activity)}</section></div>
<section class="card"><h2>Recent syncs</h2>${view.runs.length === 0 ? markup`<p class="soft">None yet.</p>` : runTable(view.runs, 'Recent syncs', 'all')}</section>
<section class="card"><h2>Recent errors</h2>${view.failures.length === 0 ? markup`<p class="soft">None within seven days.</p>` : runTable(view.failures, 'Recent errors', 'all')}</section>
${view.audit && auditCard(view.audit, view.nextAudit, view.hours)}`,
});

const totals = ({ totals: sums }: ActivityAnswer): Html =>
  markup`<section class="card" aria-label="Totals"><dl class="figures">${figure(whole(sums.fetches), 'fetches and clones')}${figure(whole(sums.pushes), 'pushes')}${figure(whole(sums.lfsDownloads), 'large files')}${figure(sizeOf(sums.ownBytes), 'served from here')}${figure(sizeOf(sums.passedBytes), 'passed through')}${figure(whole(sums.failures), 'failed requests')}</dl></section>`;

const whole = (value: number): string => Math.round(value).toLocaleString('en');

function lagChart({ points }: ActivityAnswer): Html {
  const worst = Math.max(0, ...points.map(({ lag }) => lag.max ?? 0));
  return chart({
    id: 'lag',
    title: 'Behind the primary',
    summary: `How long ago repositories were last known to equal the primary; at most ${spanOf(worst)}.`,
    kind: 'lines',
    base: 'decimal',
    at: points.map(({ at }) => at),
    write: (seconds) => (seconds > 0 && seconds < 1 ? `${seconds.toFixed(1)} s` : spanOf(seconds)),
    series: [
      { name: 'half are within', look: 'one', values: points.map(({ lag }) => lag.p50) },
      { name: '95 % within', look: 'two', values: points.map(({ lag }) => lag.p95) },
      { name: 'the oldest', look: 'three', values: points.map(({ lag }) => lag.max) },
    ],
  });
}

function trafficChart({ points, totals: sums }: ActivityAnswer): Html {
  return chart({
    id: 'traffic',
    title: 'Served to clients',
    summary: `Bytes sent; ${sizeOf(sums.ownBytes)} of the mirror’s own and ${sizeOf(sums.passedBytes)} passed through from the primary.`,
    kind: 'bars',
    base: 'binary',
    at: points.map(({ at }) => at),
    write: sizeOf,
    series: [
      { name: 'from the mirror', look: 'one', values: points.map(({ ownBytes }) => ownBytes) },
      { name: 'passed through', look: 'three', values: points.map(({ passedBytes }) => passedBytes) },
    ],
  });
}

const auditCard = (entries: readonly AuditView[], next: string | null, hours: number): Html =>
  markup`<section class="card" id="audit"><h2>Who changed what</h2>
${entries.length === 0 ? markup`<p class="soft">Nobody has changed anything yet.</p>` : markup`<table class="list"><caption class="hidden-but-read">Audit log</caption><thead><tr><th scope="col">What</th><th scope="col">When</th><th scope="col">Who</th><th scope="col">From</th><th scope="col">Details</th></tr></thead><tbody>${entries.map(entryOf)}</tbody></table>`}
${next === null ? undefined : markup`<p><a class="button quiet small" href="/-/activity?hours=${hours}&#38;before=${next}#audit">Older</a></p>`}</section>`;

const entryOf = ({ action, subject, at, actor, address, before, after }: AuditView): Html =>
  markup`<tr><th scope="row"><code>${action}</code>${subject === null ? undefined : ` ${subject}`}</th>
<td data-label="When" class="small">${momentOf(at)}</td><td data-label="Who">${actor}</td><td data-label="From" class="small">${address ?? '–'}</td>
<td data-label="Details" class="small">${before === null && after === null ? '–' : markup`<details><summary>Show</summary>${told('Before', before)}${told('After', after)}</details>`}</td></tr>`;

const told = (label: string, value: AuditView['before']): Html | undefined =>
  value === null ? undefined : markup`<p>${label}: <code>${JSON.stringify(value)}</code></p>`;
