import { markup, type Page } from '@antipode/web-pages';
import { buttonForm, csrfField, hidden, notice } from '../fragments.js';
import { nameOfHost, type Host } from '../host.js';

export interface SignInView {
  readonly csrf: string;
  readonly host: Host;
  /** A path of ours. */
  readonly back: string;
  /** False where no admin token is set. */
  readonly hasToken: boolean;
  readonly problem?: string;
}

export const signInPage = ({ csrf, host, back, hasToken, problem }: SignInView): Page => ({
  status: problem === undefined ? 200 : 403,
  title: 'Sign in',
  body: markup`${problem === undefined ? undefined : notice('bad', 'That did not work', markup`<p>${problem}</p>`)}
<h2>With your account at ${host.name}</h2>
<p>You see the repositories that you may read there. It also links your account, so that your SSH keys work here, too.</p>
<div class="actions">${buttonForm({ action: '/-/link', csrf, fields: { return: back }, label: `Sign in with ${nameOfHost(host)}` })}</div>
${
  hasToken
    ? markup`<hr><details${problem === undefined ? undefined : markup` open`}><summary>With the admin token</summary>
<p class="soft">For those who run this mirror: the value of <code>ADMIN_TOKEN</code>. It opens the pages in this browser for an hour.</p>
<form method="post" action="/-/sign-in">${csrfField(csrf)}${hidden('return', back)}
<div class="field"><label for="token">Admin token</label><input id="token" name="token" type="password" autocomplete="off" required maxlength="512"></div>
<div class="actions"><button class="quiet">Sign in</button></div></form></details>`
    : undefined
}`,
});
