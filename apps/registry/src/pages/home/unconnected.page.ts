import { markup, type Html, type Page } from '@antipode/web-pages';
import { buttonForm, momentOf, notice } from '../fragments.js';
import { nameOfHost } from '../host.js';
import type { ConnectionSummary } from './home-view.js';

/** What this is, and how it becomes useful. */
export function unconnectedPage(view: ConnectionSummary): Page {
  const { connection } = view;
  const { primary, keptData } = connection;
  return {
    status: 200,
    title: 'A mirror close to you',
    lead: `This machine can keep an exact copy of a workspace of ${primary.name}, next to the people and the builds that clone from it.`,
    layout: 'wide',
    news: 'live',
    body: markup`<div data-connection="${connection.state}">
${keptData && view.viewer.kind === 'token' ? keptNotice(keptData) : undefined}
<section class="card"><h2>Connect it to a workspace</h2>
<p>It is not connected to any workspace yet. You sign in at ${primary.name}, choose one of the workspaces that you administer, and see what the mirror will be able to do before anything happens.</p>
<div class="actions">${connectAction(view)}</div>
<p class="small soft">Without a browser: <code>antipode connect --workspace W --token-file F</code></p></section>
<div class="grid three">
<section class="card"><h2>Clone and fetch nearby</h2><p>With the paths, credentials and permissions that people have at ${primary.name}. Who may not read there may not read here.</p></section>
<section class="card"><h2>Push as ever</h2><p>Pushes go through to ${primary.name} within the same request. The mirror acknowledges nothing that is not there.</p></section>
<section class="card"><h2>Always in sync</h2><p>Changes arrive by webhook within seconds, and a sweep finds what a webhook missed. Large files come along.</p></section>
</div></div>`,
  };
}

/** What was mirrored here is nobody's business but theirs who run the mirror, and the workspace's administrators. */
const keptNotice = ({ workspace, until }: { workspace: string; until: string }): Html =>
  notice(
    'info',
    `The copy of ${workspace} is still here`,
    markup`<p>Connect to ${workspace} again before ${momentOf(until)} and everything comes back at once. After that, or when the mirror is connected to another workspace, it is deleted.</p>`,
  );

/** Whoever is nobody yet signs in first, and comes back to the choice. */
const connectAction = ({ viewer, csrf, connection }: ConnectionSummary): Html =>
  viewer.kind === 'anonymous'
    ? buttonForm({
        action: '/-/link',
        csrf,
        fields: { return: '/-/connect' },
        label: `Connect to ${nameOfHost(connection.primary)}`,
      })
    : markup`<a class="button" href="/-/connect">Connect to ${nameOfHost(connection.primary)}</a>`;
