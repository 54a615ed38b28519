import { markup, type Html, type Page } from '@antipode/web-pages';
import { isMember } from '../../people/viewer.js';
import { notice } from '../fragments.js';
import { repositoryTable } from '../repositories/repository-row.js';
import { connectionBadge } from './connection-words.js';
import type { WelcomeView } from './home-view.js';
import { mirrorsCard } from './mirrors-card.js';
import { overallProgress } from './overview.page.js';

/** For everybody who is no administrator: what they can clone here. Strangers are told no more than anybody. */
export function welcomePage(view: WelcomeView): Page {
  const { connection, viewer } = view;
  const isOne = isMember(viewer);
  return {
    status: 200,
    title:
      isOne && connection.workspace !== null
        ? connection.workspace
        : `A mirror of ${connection.primary.name}`,
    ...(isOne ? { badge: connectionBadge(connection.state) } : {}),
    lead: 'Clone and fetch from here, with the paths and credentials that you have at the primary. Pushes go through to it.',
    layout: 'wide',
    news: 'live',
    body: markup`<div${isOne ? markup` data-connection="${connection.state}"` : undefined}>${isOne ? memberNotice(view) : undefined}${viewer.kind === 'anonymous' ? signIn() : undefined}
${repositories(view)}${isOne ? markup`<div class="grid">${mirrorsCard(view.mirrors)}</div>` : undefined}</div>`,
  };
}

function memberNotice({ connection }: WelcomeView): Html | undefined {
  if (connection.state === 'suspended')
    return notice(
      'warn',
      'The mirror has lost its connection',
      markup`<p>What is here is served on, but may grow old. An administrator of the workspace connects it again.</p>`,
    );
  if (connection.state === 'disconnecting')
    return notice(
      'warn',
      'The mirror is being disconnected',
      markup`<p>Clone from ${connection.primary.name} instead.</p>`,
    );
  return undefined;
}

const signIn = (): Html =>
  markup`<section class="card"><h2>More is here for members</h2><p>Sign in to see the repositories that you may read.</p><div class="actions"><a class="button" href="/-/sign-in">Sign in</a></div></section>`;

function repositories({ repositories: rows, overall, viewer }: WelcomeView): Html {
  const title = isMember(viewer) ? 'Repositories that you can clone here' : 'Public repositories';
  const rest = overall.repositories.total - rows.length;
  return markup`<section class="card"><h2>${title}</h2>
${rows.length === 0 ? markup`<p class="soft">${isMember(viewer) ? 'None of the repositories that you may read is mirrored here.' : 'There are none.'}</p>` : [overallProgress(overall), repositoryTable(rows, title)]}
${rest > 0 ? markup`<p><a href="/-/repositories">All ${overall.repositories.total} repositories</a></p>` : undefined}</section>`;
}
