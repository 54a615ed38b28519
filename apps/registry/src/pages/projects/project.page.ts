import { markup, PLACES, type Html, type Page } from '@antipode/web-pages';
import { csrfField, notice, option } from '../fragments.js';
import type { ProjectView } from './projects.page.js';

export interface ProjectSettingsView {
  readonly csrf: string;
  readonly project: Pick<ProjectView, 'key' | 'name' | 'selected' | 'policy'>;
  /** What is wrong with what was sent. */
  readonly problem?: string;
  readonly saved: boolean;
}

/** What a project has of its own. */
export const projectSettingsPage = ({ csrf, project, problem, saved }: ProjectSettingsView): Page => ({
  status: problem === undefined ? 200 : 400,
  title: project.name,
  trail: PLACES.projects,
  badge: markup`<span class="tag">${project.key}</span>`,
  body: markup`${saved ? notice('good', 'Saved', markup`<p>It holds from the next request on.</p>`) : undefined}
${problem === undefined ? undefined : notice('bad', 'Not saved', markup`<p>${problem}</p>`)}
${project.selected ? undefined : markup`<p class="soft">This project is not mirrored; what you set here waits until it is.</p>`}
<form method="post" action="/-/projects/${encodeURIComponent(project.key)}">${csrfField(csrf)}
${freshnessField(project.policy.freshness)}
<div class="field"><label for="lfs">Large files (LFS)</label><select id="lfs" name="lfsPrefetch" aria-describedby="lfs-hint">${LFS.map(([value, label]) => option(value, label, project.policy.lfsPrefetch ?? ''))}</select><p class="hint" id="lfs-hint">Brought early, a clone finds them here at once. On demand, the first who asks waits for the primary.</p></div>
<div class="actions"><button>Save</button></div></form>`,
});

const LFS = [
  ['', 'As the mirror has it'],
  ['on', 'Bring them with each sync'],
  ['off', 'Bring them on demand'],
] as const;

const FRESHNESS = [
  ['', 'As the mirror has it'],
  ['strict', 'Strict: ask the primary for every fetch'],
  ['bounded', 'Bounded: at most some seconds old'],
  ['event', 'Event: trust webhooks and the sweep'],
] as const;

function freshnessField(freshness: string | null): Html {
  const [kind = '', seconds = '5'] = (freshness ?? '').split(':');
  return markup`<div class="field"><label for="freshness">How fresh answers must be</label><select id="freshness" name="freshness">${FRESHNESS.map(([value, label]) => option(value, label, kind))}</select></div>
<div class="field"><label for="seconds">Seconds, where bounded</label><input id="seconds" name="seconds" type="number" min="1" max="86400" value="${seconds}" inputmode="numeric" aria-describedby="seconds-hint"><p class="hint" id="seconds-hint">A fetch that finds the mirror older than that waits for the primary’s word.</p></div>`;
}
