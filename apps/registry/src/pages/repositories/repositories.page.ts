import { markup, type Html, type Page } from '@antipode/web-pages';
import { isMember, type Viewer } from '../../people/viewer.js';
import { option, repositoriesOf } from '../fragments.js';
import { repositoryTable, type RepositoryRow } from './repository-row.js';

export interface RepositoriesFilter {
  readonly q: string;
  readonly project: string;
  readonly phase: string;
  readonly sort: string;
}

export interface RepositoriesView {
  readonly viewer: Viewer;
  readonly filter: RepositoriesFilter;
  readonly rows: readonly RepositoryRow[];
  readonly total: number;
  /** Cursor of the next page. */
  readonly next: string | null;
  /** True on every page but the first. */
  readonly isLater: boolean;
}

export const repositoriesPage = (view: RepositoriesView): Page => ({
  status: 200,
  title: 'Repositories',
  lead: isMember(view.viewer)
    ? 'What you can clone from this mirror.'
    : 'What anybody can clone from this mirror. Members see more when they sign in.',
  layout: 'wide',
  news: 'live',
  body: markup`${filterForm(view.filter)}
<section class="card" aria-label="Found">
<p class="soft small">${view.total === 0 ? undefined : repositoriesOf(view.total)}</p>
${view.rows.length === 0 ? nothing(view) : repositoryTable(view.rows, 'Repositories')}
${pages(view)}</section>`,
});

function nothing({ filter, viewer }: RepositoriesView): Html {
  const isFiltered = filter.q + filter.project + filter.phase !== '';
  if (isFiltered) return markup`<p>Nothing fits. <a href="/-/repositories">Show all</a></p>`;
  return viewer.kind === 'anonymous'
    ? markup`<p>Nothing here is public. <a href="/-/sign-in?return=%2F-%2Frepositories">Sign in</a> to see what you may read.</p>`
    : markup`<p>Nothing that you may read is mirrored here.</p>`;
}

const filterForm = ({ q, project, phase, sort }: RepositoriesFilter): Html =>
  markup`<form class="bar" method="get" action="/-/repositories" role="search">
<div class="wide"><label for="q">Search</label><input id="q" name="q" type="search" value="${q}" maxlength="256" autocomplete="off"></div>
<div><label for="project">Project</label><input id="project" name="project" value="${project}" maxlength="128" autocomplete="off"></div>
<div><label for="phase">State</label><select id="phase" name="phase">${PHASES.map(([value, label]) => option(value, label, phase))}</select></div>
<div><label for="sort">Order</label><select id="sort" name="sort">${SORTS.map(([value, label]) => option(value, label, sort))}</select></div>
<button class="quiet">Show</button></form>`;

const PHASES = [
  ['', 'Any'],
  ['ready', 'In sync'],
  ['syncing', 'Syncing'],
  ['cloning', 'Cloning'],
  ['absent', 'Waiting'],
  ['failing', 'Failing'],
] as const;

const SORTS = [
  ['path', 'By name'],
  ['-updated', 'Changed last'],
  ['-size', 'Largest'],
  ['-lag', 'Most behind'],
] as const;

function pages({ next, isLater, filter }: RepositoriesView): Html | undefined {
  if (next === null && !isLater) return undefined;
  const to = (cursor: string | undefined): string => {
    const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ''));
    if (cursor !== undefined) query.set('cursor', cursor);
    return `/-/repositories?${query.toString()}`;
  };
  return markup`<nav class="actions" aria-label="Pages">${isLater ? markup`<a class="button quiet small" href="${to(undefined)}">First page</a>` : undefined}${next === null ? undefined : markup`<a class="button quiet small" href="${to(next)}">Next page</a>`}</nav>`;
}
