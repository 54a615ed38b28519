import type { KnownKey, LinkedAccount } from '../accounts/account.js';
import { markup, type Html, type Page } from '@antipode/web-pages';
import { LINK_PATH } from './link-url.js';

/** What pages say, and nothing about how they are sent. */
export interface Words {
  /** The primary's name as people know it, "bitbucket.org". */
  readonly primary: string;
  /** Proves that a form came from a page that this browser was shown. */
  readonly csrf: string;
  /** The page of ours that is shown after signing in. */
  readonly returnTo: string | undefined;
}

const time = (at: Date): Html =>
  markup`<time datetime="${at.toISOString()}">${at.toISOString().slice(0, 16).replace('T', ' ')} UTC</time>`;

const form = (action: string, fields: Readonly<Record<string, string>>, button: Html): Html =>
  markup` <form method="post" action="${action}">
    ${Object.entries(fields).map(([name, value]) => markup`<input type="hidden" name="${name}" value="${value}" />`)}
    ${button}
  </form>`;

const signIn = ({ csrf, returnTo }: Words, label: string): Html =>
  form(
    LINK_PATH,
    { csrf, ...(returnTo === undefined ? {} : { return: returnTo }) },
    markup`<button>${label}</button>`,
  );

const again = (label: string): Html => markup`<p><a href="${LINK_PATH}">${label}</a></p>`;

export const welcome = (words: Words): Page => ({
  status: 200,
  title: 'Sign in, and link your account',
  body: markup` <p>
      This is a mirror of <strong>${words.primary}</strong>, and you sign in with your account there. By that
      you link the account to this mirror: its pages show you the repositories that you may read, each SSH key
      that you have at ${words.primary} works here, too, and you can push over SSH.
    </p>
    <h2>What you agree to</h2>
    <ul>
      <li>
        The mirror reads the name of your account and your public SSH keys, again every few minutes: a key
        that you add or remove at ${words.primary} is added or removed here.
      </li>
      <li>
        When you open a page, the mirror asks ${words.primary}, as you, which workspaces and repositories are
        yours to see, and whether you administer them.
      </li>
      <li>When you fetch over SSH, the mirror asks ${words.primary}, as you, whether you may.</li>
      <li>When you push over SSH, the mirror hands your push on to ${words.primary}, as you.</li>
      <li>
        If you administer a workspace and connect the mirror to it, the mirror works with your permission
        until it is connected in another way.
      </li>
    </ul>
    <p class="soft">
      You will be asked at ${words.primary}. The mirror never sees your password, and keeps its permission
      encrypted. Signing out ends this browser’s session alone; unlinking, at any time, ends all of it.
    </p>
    ${signIn(words, `Sign in with ${words.primary}`)}`,
});

export function linked(account: LinkedAccount, keys: readonly KnownKey[], words: Words): Page {
  const { primary, csrf } = words;
  return {
    status: 200,
    title: account.displayName,
    body: markup` ${goOn(words)} ${account.state.kind === 'linked' ? whole(account, keys, primary) : broken(account.state.why, words)}
      <h2>Unlink</h2>
      <p>
        The mirror forgets your account, its keys and its permission. Connections over SSH with your keys are
        refused within a minute.
      </p>
      ${isLent(account) ? LENT : undefined}
      ${form(`${LINK_PATH}/unlink`, { csrf }, markup`<button class="quiet">Unlink my account</button>`)}`,
  };
}

/** For somebody who is signed in already, in another tab perhaps. Not by itself: the page there may have sent them. */
const goOn = ({ returnTo }: Words): Html | undefined =>
  returnTo === undefined
    ? undefined
    : markup`<p><a href="${returnTo}">Go on to the page that you came from</a></p>`;

/** Asked for once a minute at the least while the connection lives by it. */
const LENT_FOR_MS = 3_600_000;

const isLent = ({ lentAt }: LinkedAccount): boolean =>
  lentAt !== undefined && Date.now() - lentAt.getTime() < LENT_FOR_MS;

const LENT = markup`<p class="warning">
  This mirror is connected with your account. Without it the mirror stops for everybody, until an
  administrator of the workspace signs in and connects it again.
</p>`;

const whole = (account: LinkedAccount, keys: readonly KnownKey[], primary: string): Html =>
  markup` <p>Your account of ${primary} has been linked to this mirror since ${time(account.linkedAt)}.</p>
    ${
      account.mayWrite
        ? undefined
        : markup`<p class="warning">
            The permission is for reading only. To push over SSH through this mirror, the mirror’s OAuth
            consumer at ${primary} has to ask for writing; please tell the people who run the mirror. Pushing
            over HTTPS works.
          </p>`
    }
    <h2>Your SSH keys</h2>
    ${keys.length === 0 ? markup`<p>You have no SSH key at ${primary}. Add one there; it is known here within minutes.</p>` : keyTable(keys)}
    <p class="soft">
      Last read
      ${account.keysReadAt ? time(account.keysReadAt) : 'never'}.${
        account.keysErrorCode === undefined
          ? undefined
          : ` The last attempt failed (${account.keysErrorCode}); it is made again every few minutes.`
      }
    </p>`;

const keyTable = (keys: readonly KnownKey[]): Html =>
  markup` <table>
    <thead>
      <tr>
        <th scope="col">Fingerprint</th>
        <th scope="col">Known here since</th>
        <th scope="col">Expires</th>
      </tr>
    </thead>
    <tbody>
      ${keys.map(
        ({ fingerprint, knownSince, expiresOn }) =>
          markup` <tr>
            <td><code>SHA256:${fingerprint}</code></td>
            <td>${time(knownSince)}</td>
            <td>${expiresOn ? time(expiresOn) : 'never'}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;

const broken = (why: 'revoked' | 'lost', words: Words): Html =>
  markup` <p class="warning">
      ${
        why === 'revoked'
          ? `${words.primary} no longer knows the permission that you gave: it was taken back there, or has ended.`
          : `An answer of ${words.primary} that held the mirror’s next permission was lost on its way, and the one before is no longer taken.`
      }
      Your keys are refused here until you link your account again.
    </p>
    ${signIn(words, 'Link my account again')}`;

export const unlinked = (primary: string): Page => ({
  status: 200,
  title: 'Your account is unlinked',
  body: markup` <p>
      The mirror has forgotten your account and its keys. At ${primary}, the permission that you gave may
      still be listed among the applications that you have authorised; you can take it back there, too.
    </p>
    ${again('Link an account')}`,
});

export const off = (primary: string): Page => ({
  status: 200,
  title: 'Accounts cannot be linked here',
  body: markup` <p>
      The people who run this mirror have not set up linking. You can fetch and push over HTTPS with the
      credentials that you have at ${primary}.
    </p>
    <p class="soft">
      For those who run it: auth needs <code>DATABASE_URL</code>, <code>PUBLIC_URL</code>,
      <code>PRIMARY_OAUTH_KEY</code> and <code>PRIMARY_OAUTH_SECRET_FILE</code>, and a primary that has OAuth.
    </p>`,
});

export const declined = (primary: string): Page => ({
  status: 200,
  title: 'Nothing was linked',
  body: markup` <p>
      You did not agree at ${primary}, so nothing has changed here. Over HTTPS the mirror works without
      linking.
    </p>
    ${again('Back to the beginning')}`,
});

export const missingScopes = (primary: string, missing: readonly string[]): Page => ({
  status: 200,
  title: 'A permission is missing',
  body: markup` <p class="warning">
      The mirror’s OAuth consumer at ${primary} does not ask for all that linking needs. Nothing was linked.
    </p>
    <p>Please tell the people who run the mirror that its consumer lacks: ${missing.join(', ')}.</p>
    ${again('Back to the beginning')}`,
});

export const failed = (status: number, title: string, sentence: string): Page => ({
  status,
  title,
  body: markup`<p>${sentence}</p>
    ${again('Back to the beginning')}`,
});
