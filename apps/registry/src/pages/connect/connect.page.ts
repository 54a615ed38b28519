import type { ScopeNeed } from '@antipode/primary';
import { markup, type Html, type Page } from '@antipode/web-pages';
import type { Offer, Preview } from '../../connection/account-connection.js';
import { buttonForm, csrfField, fact, hidden, notice } from '../fragments.js';
import { nameOfHost, type Host } from '../host.js';

/** Whoever is no person yet: a workspace is chosen by somebody who administers it. */
export const connectSignInPage = (csrf: string, host: Host): Page => ({
  status: 200,
  title: `Connect to ${nameOfHost(host)}`,
  body: markup`<p>Sign in at ${host.name} as somebody who administers the workspace. The mirror never sees your password.</p>
${signInForm(csrf, host)}`,
});

const signInForm = (csrf: string, host: Host): Html =>
  markup`<div class="actions">${buttonForm({ action: '/-/link', csrf, fields: { return: '/-/connect' }, label: `Sign in with ${nameOfHost(host)}` })}</div>`;

export interface ChooseView {
  readonly csrf: string;
  readonly host: Host;
  readonly person: string;
  readonly offers: readonly Offer[];
  /** Whose copy is still here. */
  readonly keptWorkspace: string | null;
}

export const chooseWorkspacePage = ({ host, person, offers, keptWorkspace }: ChooseView): Page => ({
  status: 200,
  title: 'Which workspace?',
  lead: `Signed in as ${person}. These are the workspaces that you administer.`,
  body:
    offers.length === 0
      ? markup`<p>You administer no workspace at ${host.name}. Ask somebody who does to connect the mirror, or become an administrator there and load this page again.</p>`
      : markup`<ul class="plain">${offers.map((offer) => offerItem(offer, keptWorkspace))}</ul>
${offers.some(({ may }) => may === 'token') ? tokenHint() : undefined}`,
});

const offerItem = ({ workspace, may }: Offer, keptWorkspace: string | null): Html =>
  markup`<li class="actions"><strong>${workspace}</strong>${workspace === keptWorkspace ? markup`<span class="tag">its copy is still here</span>` : undefined}${OFFERS[may](`/-/connect?workspace=${encodeURIComponent(workspace)}`, workspace)}</li>`;

const OFFERS: Record<Offer['may'], (path: string, workspace: string) => Html> = {
  free: (path, workspace) =>
    markup`<a class="button small" href="${path}">Choose<span class="hidden-but-read"> ${workspace}</span></a>`,
  token: (path) =>
    markup`<a class="button quiet small" href="/-/sign-in?return=${encodeURIComponent(path)}">Show the admin token first</a>`,
  taken: () => markup`<span class="soft">not while the mirror is connected as it is now</span>`,
};

const tokenHint = (): Html =>
  markup`<hr><p class="soft small">Whoever connects a mirror decides what it holds. For workspaces that its settings do not name (<code>CONNECT_WORKSPACES</code>), the mirror asks once for the admin token of those who run it.</p>`;

export interface ReviewConnectView {
  readonly csrf: string;
  readonly host: Host;
  readonly preview: Preview;
  /** Whose copy is still here. */
  readonly keptWorkspace: string | null;
}

/** What exactly is granted, before it is. */
export function reviewConnectPage(view: ReviewConnectView): Page {
  const { host, preview, keptWorkspace } = view;
  const { workspace, needs, person } = preview;
  const missing = needs.filter((need) => need.missing.length > 0);
  return {
    status: 200,
    title: `Connect to ${workspace}`,
    trail: { label: 'Which workspace?', path: '/-/connect' },
    body: markup`<p>The mirror will use the account of <strong>${person.displayName}</strong> at ${host.name}.</p>
${granted(preview)}
${missing.length === 0 ? undefined : missingNotice(missing)}
${keptWorkspace !== null && keptWorkspace !== workspace && preview.may === 'free' ? notice('warn', `The copy of ${keptWorkspace} will be deleted`, markup`<p>It was kept for the case that the mirror is connected to it again. A mirror holds one workspace.</p>`) : undefined}
<h2>What happens then</h2><ul><li>A webhook is created at ${host.name}, so that changes arrive within seconds.</li><li>Nothing is mirrored until you choose projects, on the next page.</li><li>The connection lives by your account: when you unlink it or leave the workspace, an administrator connects again. Nothing is lost by that.</li></ul>
${connectAction(view)}`,
  };
}

function granted({ needs, scopes }: Preview): Html {
  if (scopes === undefined) return markup`<p class="soft">The primary does not say what it grants.</p>`;
  const had = needs.filter(({ missing }) => missing.length === 0);
  return markup`<h2>It may</h2><ul>${had.map(({ allows, scopes: names }) => markup`<li>${allows} <span class="soft small">(${names.join(', ')})</span></li>`)}</ul>`;
}

function connectAction(view: ReviewConnectView): Html {
  const { csrf, host, preview } = view;
  if (preview.may === 'taken')
    return markup`<p class="warning">The mirror is connected to another workspace, or by its settings. Disconnect it first.</p>`;
  const lacksScopes = preview.needs.some(
    ({ missing, without }) => missing.length > 0 && without === undefined,
  );
  if (!preview.hasProjects && !lacksScopes)
    return markup`<p class="warning">${host.name} shows this account no project of ${preview.workspace}, so there would be nothing to choose from.</p>`;
  if (!preview.isEnough)
    return markup`<p class="soft">The people who run the mirror add what is missing to its OAuth consumer at ${host.name}; then sign in once more.</p>${signInForm(csrf, host)}`;
  return preview.may === 'token'
    ? markup`<div class="actions">${OFFERS.token(`/-/connect?workspace=${encodeURIComponent(preview.workspace)}`, preview.workspace)}</div>${tokenHint()}`
    : connectForm(csrf, preview.workspace);
}

const missingNotice = (missing: readonly ScopeNeed[]): Html =>
  notice(
    missing.some(({ without }) => without === undefined) ? 'bad' : 'warn',
    'Not granted',
    markup`<dl class="facts">${missing.map((need) => fact(markup`<code>${need.missing.join(', ')}</code>`, need.without ?? `needed to ${need.allows}: there is no mirror without it`))}</dl>`,
  );

const connectForm = (csrf: string, workspace: string): Html =>
  markup`<form method="post" action="/-/connect">${csrfField(csrf)}${hidden('workspace', workspace)}<div class="actions"><button>Connect to ${workspace}</button><a class="button quiet" href="/-/">Cancel</a></div></form>`;
