import { markup, type Page } from '@antipode/web-pages';
import { csrfField, notice, repositoriesOf } from '../fragments.js';

export interface DisconnectView {
  readonly csrf: string;
  readonly workspace: string;
  readonly primaryName: string;
  readonly repositories: number;
  readonly graceHours: number;
  readonly problem?: string;
}

/** The end of a connection, told before it comes. */
export const disconnectPage = (view: DisconnectView): Page => ({
  status: view.problem === undefined ? 200 : 422,
  title: `Disconnect from ${view.workspace}`,
  trail: { label: 'Overview', path: '/-/' },
  body: markup`${view.problem === undefined ? undefined : notice('bad', 'Not disconnected', markup`<p>${view.problem}</p>`)}
<ul><li>Clones and fetches of ${repositoriesOf(view.repositories)} end at once. Members are told to clone from ${view.primaryName}.</li>
<li>The webhook is withdrawn at ${view.primaryName}, and the mirror forgets its credential.</li>
<li>Nothing changes at ${view.primaryName}: no repository, no branch, no file.</li></ul>
<form method="post" action="/-/disconnect">${csrfField(view.csrf)}
<fieldset><legend>The copies here</legend>
<div class="choice"><input type="radio" id="kept" name="data" value="kept" checked><label for="kept">Keep them for ${grace(view.graceHours)}</label><p class="hint">Connecting ${view.workspace} again before that brings everything back at once.</p></div>
<div class="choice"><input type="radio" id="now" name="data" value="now"><label for="now">Delete them now</label><p class="hint">Everything is cloned anew if you connect again.</p></div></fieldset>
<div class="field"><label for="confirm">Type <strong>${view.workspace}</strong> to confirm</label><input id="confirm" name="confirm" autocomplete="off" autocapitalize="none" spellcheck="false" required maxlength="128"></div>
<div class="actions"><button class="danger">Disconnect</button><a class="button quiet" href="/-/">Cancel</a></div></form>`,
});

const grace = (hours: number): string => (hours >= 48 ? `${Math.round(hours / 24)} days` : `${hours} hours`);
