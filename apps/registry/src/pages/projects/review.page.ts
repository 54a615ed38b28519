import { markup, PLACES, sizeOf, type Html, type Page } from '@antipode/web-pages';
import type { Affected, SelectionChange } from '../../selection/selection-change.js';
import type { Selection } from '../../selection/selection.js';
import { csrfField, hidden, notice, repositoriesOf } from '../fragments.js';

export interface ReviewView {
  readonly csrf: string;
  readonly before: Selection;
  readonly chosen: Selection;
  readonly change: SelectionChange;
  /** The tick was needed and is missing. */
  readonly isUnticked: boolean;
}

/** What a change would do, before it is done. */
export function reviewPage(view: ReviewView): Page {
  const { change, chosen, before } = view;
  const isSame = JSON.stringify(before) === JSON.stringify(chosen);
  const title = isSame ? 'Nothing would change' : 'Is this what you want?';
  return {
    status: view.isUnticked ? 422 : 200,
    title,
    trail: PLACES.projects,
    layout: 'wide',
    body: isSame
      ? markup`<section class="card"><p>The choice is what it was.</p><div class="actions"><a class="button" href="/-/projects">Back to the projects</a></div></section>`
      : markup`${change.narrowing ? narrowing(view) : undefined}
<div class="grid">${affectedCard('Leaves the mirror', change.removes, 'Nothing.', 'Clones and fetches of these end at once. The copies are deleted; the primary keeps everything.')}${affectedCard('Comes to the mirror', change.adds, change.adds.complete ? 'Nothing.' : 'Whatever discovery finds.', 'Until a repository is cloned, requests for it go through to the primary.')}</div>
${confirmForm(view)}`,
  };
}

const narrowing = ({ isUnticked }: ReviewView): Html =>
  notice(
    isUnticked ? 'bad' : 'warn',
    'From all projects back to some',
    markup`<p>Every repository of the projects that are not chosen leaves the mirror, and repositories of projects that are created later no longer come by themselves. Mirrors of Bitbucket Data Center could not do this at all, so nothing is changed without your tick below.</p>`,
  );

function affectedCard(title: string, affected: Affected, none: string, words: string): Html {
  const { projectKeys, count, sizeBytes, repositories } = affected;
  const rest = count - repositories.length;
  return markup`<section class="card"><h2>${title}</h2>
${projectKeys.length === 0 ? undefined : markup`<p>Projects: ${projectKeys.join(', ')}</p>`}
${count === 0 ? markup`<p class="soft">${none}</p>` : markup`<p><strong>${repositoriesOf(count)}</strong>, ${sizeOf(sizeBytes)} as the primary counts</p><details><summary>Which ones</summary><ul>${repositories.map(({ path, public: isPublic }) => markup`<li>${path}${isPublic ? markup` <span class="tag">public</span>` : undefined}</li>`)}</ul>${rest > 0 ? markup`<p>… and ${rest} more</p>` : undefined}</details><p class="soft small">${words}</p>`}</section>`;
}

const confirmForm = ({ csrf, chosen, change }: ReviewView): Html =>
  markup`<form method="post" action="/-/projects">${csrfField(csrf)}${hidden('step', 'apply')}${choiceFields(chosen)}
${change.narrowing ? markup`<div class="choice"><input type="checkbox" id="allow" name="allowNarrowing" value="yes"><label for="allow">I want to go back from all projects to these, and let go of the others</label></div>` : undefined}
<div class="actions"><button>${change.removes.count > 0 ? `Remove ${change.removes.count} and apply` : 'Apply'}</button><a class="button quiet" href="/-/projects">Cancel</a></div></form>`;

/** The choice as the form of the projects sends it. */
export const choiceFields = (chosen: Selection): Html[] => [
  hidden('mode', chosen.all ? 'all' : 'selected'),
  hidden('public', chosen.publicRepositories),
  ...(chosen.all ? [] : chosen.projectKeys.map((key) => hidden('project', key))),
];
