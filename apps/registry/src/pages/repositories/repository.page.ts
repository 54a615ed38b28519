import { markup, PLACES, sizeOf, type Html, type Page } from '@antipode/web-pages';
import type { z } from 'zod';
import { isAdministrator, isMember, type Viewer } from '../../people/viewer.js';
import type { repositorySchema } from '../../rest/schemas.js';
import type { RunView } from '../activity/activity-view.js';
import { runTable } from '../activity/run-table.js';
import {
  agoOf,
  badge,
  buttonForm,
  count,
  fact,
  freshness,
  notice,
  progressBar,
  stateBadge,
} from '../fragments.js';
import type { MirrorView } from '../home/home-view.js';
import { clonePanel } from './clone-panel.js';
import { repositoryPage } from './repository-row.js';

export type RepositoryAnswer = z.infer<typeof repositorySchema>;

export interface RepositoryView {
  readonly viewer: Viewer;
  readonly csrf: string;
  readonly repository: RepositoryAnswer;
  readonly mirrors: readonly MirrorView[];
  readonly primaryName: string;
  readonly runs: readonly RunView[];
  /** What has just been asked for. */
  readonly asked: 'sync' | 'verify' | 'reclone' | undefined;
}

export function repositoryPageOf(view: RepositoryView): Page {
  const { repository, viewer } = view;
  return {
    status: 200,
    title: repository.path,
    trail: PLACES.repositories,
    badge: repository.public
      ? markup`<span class="tag">public</span>`
      : markup`<span class="tag">private</span>`,
    layout: 'wide',
    news: 'live',
    body: markup`<div data-repository="${repository.id}">
${view.asked && askedNotice(view.asked)}
<p class="heading">${stateBadge(repository.phase, repository.progress)} <span class="soft">${freshness(repository.confirmedAt)}</span></p>
${progressBar(repository.path, repository.progress)}<p class="small soft" data-step>${repository.progress?.step}</p>
${failure(repository, viewer)}
<div class="split"><div>
${clonePanel({ path: repository.path, urls: repository.cloneUrls, mirrors: view.mirrors, primaryName: view.primaryName, pushUrl: repository.pushUrl })}
${isMember(viewer) ? runsCard(view) : undefined}
</div><div>${aboutCard(repository)}${isAdministrator(viewer) ? [careCard(view), nodesCard(repository)] : undefined}</div></div></div>`,
  };
}

const ASKED = {
  sync: ['A sync is asked for', markup`<p>Every node compares it with the primary now.</p>`],
  verify: [
    'A verification is asked for',
    markup`<p>Every node compares all refs and looks the objects through; what is wrong is repaired. The outcome is shown here.</p>`,
  ],
  reclone: [
    'A new clone is asked for',
    markup`<p>It is made beside the old one, which is served until the new one takes its place.</p>`,
  ],
} as const;

const askedNotice = (asked: keyof typeof ASKED): Html => notice('good', ASKED[asked][0], ASKED[asked][1]);

/** Nodes speak of disks and commands: that is for administrators. */
const failure = ({ error, phase }: RepositoryAnswer, viewer: Viewer): Html =>
  markup`<section class="notice ${phase === 'failing' ? 'bad' : 'warn'}" data-error${error === null ? markup` hidden` : undefined}><h2>The last sync failed</h2>
<p${isAdministrator(viewer) ? markup` data-error-words` : undefined}>${isAdministrator(viewer) ? error?.message : 'What is here is served on as long as it is fresh enough; beyond that, requests go through to the primary.'}</p>
<p class="soft">It is tried again by itself, ever more seldom. ${isAdministrator(viewer) ? 'Sync now tries at once; Verify looks the mirror through and repairs it; Re-clone begins anew.' : 'Clones and fetches work meanwhile.'}</p></section>`;

function aboutCard(repository: RepositoryAnswer): Html {
  const { lfs } = repository;
  const here = `${count(lfs.objects, 'object', 'objects')}, ${sizeOf(lfs.bytes)}`;
  const missing =
    lfs.missing > 0
      ? `; ${count(lfs.missing, 'is', 'are')} missing (${sizeOf(lfs.missingBytes)}), had from the primary when asked for`
      : '';
  return markup`<section class="card"><h2>About</h2><dl class="facts">
${repository.name === repository.path ? undefined : fact('Name', repository.name)}
${repository.projectKey === '' ? undefined : fact('Project', repository.projectKey)}
${fact('Size', markup`<span data-size>${repository.sizeBytes > 0 ? sizeOf(repository.sizeBytes) : '–'}</span>`)}
${fact('Large files', lfs.objects + lfs.missing === 0 ? 'none' : `${here}${missing}`)}
${fact('Visible to', repository.public ? 'everybody' : 'whom the primary lets read it')}
${fact('At the primary', markup`<a href="${repository.cloneUrls.primary.https.replace(/\.git$/, '')}">${repository.cloneUrls.primary.https.replace(/^https?:\/\/|\.git$/g, '')}</a>`)}
</dl></section>`;
}

function careCard({ repository, csrf }: RepositoryView): Html {
  const action = repositoryPage(repository.path);
  const button = (what: string, label: string): Html =>
    buttonForm({ action, csrf, fields: { action: what }, label, look: 'quiet small' });
  return markup`<section class="card"><h2>Care</h2>${verification(repository)}
<div class="actions">${button('sync', 'Sync now')}${button('verify', 'Verify')}${button('reclone', 'Re-clone')}</div></section>`;
}

const VERIFIED = {
  running: ['busy', 'Being verified'],
  ok: ['good', 'Verified'],
  repaired: ['warn', 'Repaired'],
  failed: ['bad', 'Verification failed'],
} as const;

function verification({ verification: outcome }: RepositoryAnswer): Html {
  if (outcome === null) return markup`<p class="soft">Never verified on demand.</p>`;
  const { state, at, message } = outcome;
  return markup`<p>${badge(VERIFIED[state][0], VERIFIED[state][1])} <span class="soft small">${agoOf(at)}</span></p>${message ? markup`<p class="small">${message}</p>` : undefined}`;
}

const nodesCard = ({ nodes }: RepositoryAnswer): Html | undefined =>
  nodes.length === 0
    ? undefined
    : markup`<section class="card"><h2>Nodes</h2>${nodes.map(
        ({ node, phase, progress, confirmedAt, epoch, error, sizeBytes }) =>
          markup`<h3>${node}</h3><dl class="facts">${fact('State', stateBadge(phase, progress))}${fact('Epoch', epoch)}${fact('In sync as of', confirmedAt === null ? 'never' : agoOf(confirmedAt))}${fact('Size', sizeOf(sizeBytes))}${error ? fact('Error', error.message) : undefined}</dl>`,
      )}</section>`;

const runsCard = ({ runs }: RepositoryView): Html =>
  markup`<section class="card"><h2>Recent syncs</h2>${runs.length === 0 ? markup`<p class="soft">None is remembered.</p>` : runTable(runs, 'Recent syncs of this repository', 'one')}</section>`;
