import { markup, type Html, type Page } from '@antipode/web-pages';
import type { PublicPolicy, Selection } from '../../selection/selection.js';
import { csrfField, hidden, notice, repositoriesOf } from '../fragments.js';
import { repositoryPage } from '../repositories/repository-row.js';

export interface ProjectView {
  readonly key: string;
  readonly name: string;
  readonly private: boolean;
  readonly selected: boolean;
  readonly policy: { readonly freshness: string | null; readonly lfsPrefetch: 'on' | 'off' | null };
  /** Of the mirrored ones. */
  readonly repositories: { readonly total: number; readonly synced: number };
}

export interface PublicView {
  /** Of the selected projects. */
  readonly repositories: readonly { readonly path: string; readonly mirrored: boolean }[];
  readonly complete: boolean;
  /** Why they could not be listed. */
  readonly problem: string | undefined;
}

export interface ProjectsView {
  readonly csrf: string;
  readonly selection: Selection;
  readonly projects: readonly ProjectView[];
  readonly q: string;
  readonly public: PublicView;
  readonly changed: boolean;
}

/** From here on, a search is worth its place. */
const MANY = 12;

export const projectsPage = (view: ProjectsView): Page => ({
  status: 200,
  title: 'Projects',
  lead: 'Every repository of a chosen project is mirrored, and every new one within moments of its creation. A change is shown before it is made.',
  layout: 'wide',
  news: 'live',
  body: markup`${view.changed ? notice('good', 'The choice is changed', markup`<p>What is no longer chosen is not served any more. What is new is being found and cloned; below you see it come.</p>`) : undefined}
${view.projects.length > MANY || view.q !== '' ? search(view) : undefined}
<form method="post" action="/-/projects">${csrfField(view.csrf)}${hidden('step', 'review')}${elsewhere(view)}
<fieldset class="card"><legend class="hidden-but-read">Which projects</legend>
<div class="choice"><input type="radio" id="mode-all" name="mode" value="all"${checked(view.selection.all)}><label for="mode-all">All projects</label><p class="hint">Also those that are created later.</p></div>
<div class="choice"><input type="radio" id="mode-selected" name="mode" value="selected"${checked(!view.selection.all)}><label for="mode-selected">Only these</label>${view.selection.all ? markup`<p class="hint">Now all are mirrored; going back to some takes the others away, and asks you first.</p>` : undefined}</div>
${projectTable(view)}</fieldset>
${publicCard(view)}
<div class="actions"><button>Review the change</button></div></form>`,
});

const checked = (isChecked: boolean): Html | undefined => (isChecked ? markup` checked` : undefined);

const search = ({ q }: ProjectsView): Html =>
  markup`<form class="bar" method="get" action="/-/projects" role="search"><div class="wide"><label for="q">Search projects</label><input id="q" name="q" type="search" value="${q}" maxlength="256" autocomplete="off"></div><button class="quiet">Search</button>${q === '' ? undefined : markup`<a class="button quiet" href="/-/projects">Show all</a>`}</form>`;

const shownOf = ({ projects, q }: ProjectsView): readonly ProjectView[] => {
  const wanted = q.toLowerCase();
  return projects.filter(({ key, name }) => `${key} ${name}`.toLowerCase().includes(wanted));
};

/** What a search hides stays chosen. */
function elsewhere(view: ProjectsView): Html[] {
  const shown = new Set(shownOf(view));
  return view.projects
    .filter((project) => !shown.has(project) && project.selected)
    .map(({ key }) => hidden('project', key));
}

function projectTable(view: ProjectsView): Html {
  const shown = shownOf(view);
  if (shown.length === 0)
    return markup`<p class="soft">${view.q === '' ? 'The primary shows no project to this mirror.' : 'No project fits.'}</p>`;
  return markup`<table class="list"><caption class="hidden-but-read">Projects of the workspace</caption>
<thead><tr><th scope="col">Project</th><th scope="col">Here</th><th scope="col">Of its own</th></tr></thead>
<tbody>${shown.map((project, index) => rowOf(project, index))}</tbody></table>`;
}

const rowOf = (
  { key, name, private: isPrivate, selected, policy, repositories }: ProjectView,
  index: number,
): Html =>
  markup`<tr><th scope="row"><div class="choice"><input type="checkbox" id="project-${index}" name="project" value="${key}"${checked(selected)}><label for="project-${index}">${name} <span class="soft">${key}</span>${isPrivate ? undefined : markup` <span class="tag">public</span>`}</label></div></th>
<td data-label="Here"><div data-project="${key}"${repositories.total === 0 ? markup` hidden` : undefined}><progress max="${Math.max(1, repositories.total)}" value="${repositories.synced}"${repositories.total > 0 && repositories.synced === repositories.total ? markup` class="done"` : undefined} aria-label="Repositories of ${name} in sync"></progress><span class="small" data-count>${repositories.synced} of ${repositories.total} in sync</span></div></td>
<td data-label="Of its own" class="small"><span>${policyWords(policy)} <a href="/-/projects/${encodeURIComponent(key)}">Settings<span class="hidden-but-read"> of ${name}</span></a></span></td></tr>`;

function policyWords({ freshness, lfsPrefetch }: ProjectView['policy']): string {
  const words = [
    freshness === null ? undefined : `freshness ${freshness}`,
    lfsPrefetch === null ? undefined : `large files ${lfsPrefetch === 'on' ? 'brought early' : 'on demand'}`,
  ].filter((word) => word !== undefined);
  return words.length === 0 ? '' : `${words.join(', ')} ·`;
}

const POLICIES: readonly (readonly [PublicPolicy, string, string])[] = [
  ['include', 'Mirror them', 'Anybody can clone them here, and so learns of this mirror and uses its line.'],
  ['exclude', 'Leave them to the primary', 'Only repositories that need a sign-in are mirrored.'],
];

const publicCard = ({ selection, public: { repositories, complete, problem } }: ProjectsView): Html =>
  markup`<fieldset class="card"><legend class="hidden-but-read">Public repositories</legend><h2>Public repositories</h2>
${POLICIES.map(([policy, label, hint]) => markup`<div class="choice"><input type="radio" id="public-${policy}" name="public" value="${policy}"${checked(selection.publicRepositories === policy)}><label for="public-${policy}">${label}</label><p class="hint">${hint}</p></div>`)}
${problem === undefined ? undefined : markup`<p class="soft">They could not be listed: ${problem}</p>`}
${repositories.length === 0 ? (problem === undefined ? markup`<p class="soft">The chosen projects have none.</p>` : undefined) : markup`<details><summary>${repositoriesOf(repositories.length)} of the chosen projects ${repositories.length === 1 ? 'is' : 'are'} public</summary><ul>${repositories.map(({ path, mirrored }) => markup`<li>${mirrored ? markup`<a href="${repositoryPage(path)}">${path}</a>` : path}${mirrored ? markup` <span class="tag">exposes this mirror</span>` : undefined}</li>`)}</ul>${complete ? undefined : markup`<p>… and more</p>`}</details>`}</fieldset>`;
