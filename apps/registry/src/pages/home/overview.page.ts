import { markup, sizeOf, spanOf, type Html, type Page } from '@antipode/web-pages';
import { agoOf, buttonForm, count, fact, figure, momentOf, notice, repositoriesOf } from '../fragments.js';
import { connectionBadge, nextStep, webhookBadge } from './connection-words.js';
import type { OverallView, OverviewView } from './home-view.js';
import { mirrorsCard } from './mirrors-card.js';

/** The whole mirror at a glance, for administrators. */
export function overviewPage(view: OverviewView): Page {
  const { connection } = view;
  return {
    status: 200,
    title: connection.workspace === null ? `Mirror of ${connection.primary.name}` : connection.workspace,
    badge: connectionBadge(connection.state),
    lead: `A mirror of ${[connection.primary.name, connection.workspace].filter((part) => part !== null).join('/')}`,
    layout: 'wide',
    news: 'live',
    body: markup`<div data-connection="${connection.state}">
${notices(view)}
${repositoriesCard(view)}
<div class="grid">${freshnessCard(view)}${connectionCard(view)}${nodesCard(view)}${mirrorsCard(view.mirrors)}</div></div>`,
  };
}

function notices(view: OverviewView): (Html | undefined)[] {
  const { connection, suspended, away, webhook } = view;
  return [
    connection.state !== 'connected' || connection.reason !== null
      ? notice(connection.state === 'suspended' ? 'bad' : 'warn', WORDS[connection.state], [
          markup`<p>${connection.reason ?? 'The primary is being asked.'}</p>`,
          nextStep(connection),
        ])
      : undefined,
    suspended ? removalNotice(suspended, view.csrf) : undefined,
    webhook.state === 'active'
      ? undefined
      : notice(
          'warn',
          webhook.state === 'polling'
            ? 'Changes are found by looking, not by being told'
            : 'The webhook is switched off',
          markup`<p>${webhook.reason ?? ''} Changes arrive with the next sweep, usually within a minute.</p>`,
        ),
    away.length === 0
      ? undefined
      : notice(
          'bad',
          `${away.join(' and ')} ${away.length === 1 ? 'does' : 'do'} not answer`,
          markup`<p>What is mirrored is served on; changes wait. <code>antipode doctor</code> says more.</p>`,
        ),
    mirrorsNothing(view)
      ? notice(
          'info',
          'Nothing is mirrored yet',
          markup`<p>Choose which projects this mirror keeps. Every repository of a chosen project is mirrored, new ones included.</p><div class="actions"><a class="button" href="/-/projects">Choose projects</a></div>`,
        )
      : undefined,
  ];
}

const WORDS = {
  unconnected: 'Not connected',
  connecting: 'The primary has not answered yet',
  connected: 'The primary did not answer the last time',
  suspended: 'The connection is suspended',
  disconnecting: 'The mirror is being disconnected',
} as const;

const mirrorsNothing = ({ selection, connection }: OverviewView): boolean =>
  selection.mode === 'selected' && selection.projectKeys.length === 0 && connection.state !== 'disconnecting';

const removalNotice = (
  { count: number, since, paths }: NonNullable<OverviewView['suspended']>,
  csrf: string,
): Html =>
  notice('bad', `${repositoriesOf(number)} would be removed: your word is needed`, [
    markup`<p>Since ${momentOf(since)}, the primary no longer shows ${number === 1 ? 'one repository' : `${number} repositories`} at once. That may be a deletion, or a permission that was lost, so they are kept and served until an administrator agrees.</p>
<details><summary>Which ones</summary><ul>${paths.map((path) => markup`<li><code>${path}</code></li>`)}</ul>${number > paths.length ? markup`<p>… and ${number - paths.length} more</p>` : undefined}</details>
<div class="actions">${buttonForm({ action: '/-/removals', csrf, fields: { count: String(number) }, label: `Remove ${repositoriesOf(number)}`, look: 'danger' })}</div>`,
  ]);

const repositoriesCard = ({ overall, byPhase, selection }: OverviewView): Html =>
  markup`<section class="card" aria-labelledby="repositories"><div class="heading"><h2 id="repositories">Repositories</h2>
<span class="soft small">${selection.mode === 'all' ? 'of all projects' : `of ${count(selection.projectKeys.length, 'project', 'projects')}`}${selection.publicRepositories === 'exclude' ? ', without public ones' : ''}</span></div>
${overallProgress(overall)}
<dl class="figures">${SHOWN.filter(([phase]) => phase !== 'absent' || (byPhase[phase] ?? 0) > 0).map(([phase, label]) => figure(markup`<a href="/-/repositories?phase=${phase}">${byPhase[phase] ?? 0}</a>`, label))}</dl>
<div class="actions"><a class="button quiet" href="/-/repositories">All repositories</a><a class="button quiet" href="/-/projects">Choose projects</a></div></section>`;

const SHOWN = [
  ['ready', 'in sync'],
  ['syncing', 'syncing'],
  ['cloning', 'cloning'],
  ['absent', 'waiting'],
  ['failing', 'failing'],
] as const;

/** How far everything has come; live. */
export const overallProgress = ({ discovering, repositories, percent, receivedBytes }: OverallView): Html =>
  markup`<div data-overall>
<progress data-bar max="100" value="${percent}"${repositories.synced === repositories.total && !discovering ? markup` class="done"` : undefined} aria-label="Repositories in sync"></progress>
<p class="small"><strong><span data-synced>${repositories.synced}</span> of <span data-total>${repositories.total}</span></strong> in sync · <span data-percent>${Math.floor(percent)} %</span> · <span data-received>${sizeOf(receivedBytes)}</span> received<span data-failing${repositories.failing === 0 ? markup` hidden` : undefined}> · <a href="/-/repositories?phase=failing"><span data-failing-count>${repositories.failing}</span> failing</a></span><span data-discovering${discovering ? undefined : markup` hidden`}> · still looking for repositories…</span></p></div>`;

const freshnessCard = ({ lag, sweptAt, webhook, overall }: OverviewView): Html =>
  markup`<section class="card"><h2>Freshness</h2>
${lag ? markup`<dl class="figures">${figure(spanOf(lag.p50), 'half are within')}${figure(spanOf(lag.p95), '95 % within')}${figure(spanOf(lag.max), 'the oldest')}</dl>` : markup`<p class="soft">${overall.repositories.synced > 0 ? 'It is measured once a minute; the first time is soon.' : 'Nothing is in sync yet.'}</p>`}
<dl class="facts">${fact('Webhook', webhookBadge(webhook.state))}${fact('Last delivery', webhook.lastDeliveryAt === null ? 'none within a day' : agoOf(webhook.lastDeliveryAt))}${fact('Last sweep', sweptAt === null ? 'none yet' : agoOf(sweptAt))}</dl>
<p><a href="/-/activity">Activity</a></p></section>`;

const connectionCard = ({ connection }: OverviewView): Html =>
  markup`<section class="card"><h2>Connection</h2>
<dl class="facts">${fact('Primary', connection.primary.name)}${connection.workspace === null ? undefined : fact('Workspace', connection.workspace)}${fact('Since', momentOf(connection.since))}${fact('Set up by', setUpBy(connection))}${connection.scopes === null ? undefined : fact('Granted', connection.scopes.join(', '))}${connection.lacks.map(({ scopes, without }) => fact('Not granted', `${scopes.join(', ')}: ${without ?? 'the mirror cannot work without it'}`))}</dl>
${
  connection.managedBy === 'api'
    ? markup`<div class="actions"><a class="button quiet small" href="/-/connect">Connect anew</a><a class="button danger small" href="/-/disconnect">Disconnect…</a></div>`
    : undefined
}</section>`;

function setUpBy({ managedBy, account }: OverviewView['connection']): string {
  if (managedBy === 'settings') return 'the settings of this mirror';
  return account === null
    ? 'an administrator, with a token'
    : `${account.displayName}, whose account it lives by`;
}

const nodesCard = ({ nodes }: OverviewView): Html =>
  markup`<section class="card"><h2>Nodes</h2>
${nodes.length === 0 ? markup`<p class="soft">No node has reported yet: nothing can be cloned before one does.</p>` : markup`<dl class="facts">${nodes.map(({ name, seenAt }) => fact(name, markup`heard from ${agoOf(seenAt)}`))}</dl>`}</section>`;
