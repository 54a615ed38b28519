import { markup, sizeOf, type Html } from '@antipode/web-pages';
import { freshness, progressBar, stateBadge, type Progress } from '../fragments.js';

/** What a list says of a repository. */
export interface RepositoryRow {
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly projectKey: string;
  readonly public: boolean;
  readonly phase: string;
  readonly progress: Progress | null;
  readonly confirmedAt: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly sizeBytes: number;
}

export const repositoryPage = (path: string): string =>
  `/-/repositories/${path.split('/').map(encodeURIComponent).join('/')}`;

/** A table that becomes cards on a phone; its rows stay live. */
export const repositoryTable = (rows: readonly RepositoryRow[], caption: string): Html =>
  markup`<table class="list">
<caption class="hidden-but-read">${caption}</caption>
<thead><tr><th scope="col">Repository</th><th scope="col">Project</th><th scope="col">State</th><th scope="col">In sync as of</th><th scope="col" class="number">Size</th></tr></thead>
<tbody>${rows.map(rowOf)}</tbody></table>`;

const rowOf = (row: RepositoryRow): Html =>
  markup`<tr data-repository="${row.id}">
<th scope="row"><a href="${repositoryPage(row.path)}">${row.path}</a>${row.public ? markup` <span class="tag">public</span>` : undefined}</th>
<td data-label="Project">${row.projectKey}</td>
<td data-label="State"><div>${stateBadge(row.phase, row.progress)}${progressBar(row.path, row.progress)}</div></td>
<td data-label="In sync as of" class="small soft">${freshness(row.confirmedAt, 'bare')}</td>
<td data-label="Size" class="number" data-size>${row.sizeBytes > 0 ? sizeOf(row.sizeBytes) : '–'}</td>
</tr>`;
