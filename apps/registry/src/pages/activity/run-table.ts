import { markup, sizeOf, spanOf, type Html, type Tone } from '@antipode/web-pages';
import { badge, count, momentOf } from '../fragments.js';
import { repositoryPage } from '../repositories/repository-row.js';
import type { RunView } from './activity-view.js';

const OUTCOMES: Record<RunView['outcome'], readonly [Tone, string]> = {
  cloned: ['good', 'Cloned'],
  updated: ['good', 'Updated'],
  failed: ['bad', 'Failed'],
};

/**
 * What syncs did; the newest first.
 *
 * @param repositories one: the page is about it, and says so already
 */
export const runTable = (runs: readonly RunView[], caption: string, repositories: 'one' | 'all'): Html =>
  markup`<table class="list"><caption class="hidden-but-read">${caption}</caption>
<thead><tr>${repositories === 'all' ? markup`<th scope="col">Repository</th>` : undefined}<th scope="col">When</th><th scope="col">Outcome</th><th scope="col">What</th><th scope="col" class="number">Received</th></tr></thead>
<tbody>${runs.map((run) => rowOf(run, repositories))}</tbody></table>`;

function rowOf(run: RunView, repositories: 'one' | 'all'): Html {
  const { path } = run.repository;
  return markup`<tr>${repositories === 'all' ? markup`<th scope="row"><a href="${repositoryPage(path)}">${path}</a></th>` : undefined}
<td data-label="When" class="small">${momentOf(run.endedAt)}</td>
<td data-label="Outcome"><span>${badge(...OUTCOMES[run.outcome])}</span></td>
<td data-label="What" class="small">${run.error?.message ?? whatMoved(run)}</td>
<td data-label="Received" class="number">${run.receivedBytes > 0 ? sizeOf(run.receivedBytes) : '–'}</td></tr>`;
}

function whatMoved({ changeCount, changes, beganAt, endedAt }: RunView): string {
  const seconds = (Date.parse(endedAt) - Date.parse(beganAt)) / 1000;
  const took = seconds < 1 ? 'less than a second' : spanOf(seconds);
  const [first] = changes;
  const moved =
    changeCount === 1 && first
      ? first.ref.replace(/^refs\/(heads|tags)\//, '')
      : count(changeCount, 'ref', 'refs');
  return `${moved}, in ${took}`;
}
