import type { Commit, Signature } from '../../git/read-commits.js';
import { fullName } from '../../state/lookup.js';
import type { Repository, State } from '../../state/model.js';
import type { Json, Urls } from './links.js';
import { condensedRepositoryShape } from './repository.js';
import { userShape } from './user.js';

/** A git signature, joined with the account of that e-mail where there is one. */
export function authorShape(state: State, urls: Urls, signature: Signature): Json {
  const user = state.users.find((one) => one.email.toLowerCase() === signature.email.toLowerCase());
  const raw = `${signature.name} <${signature.email}>`;
  return { type: 'author', raw, ...(user ? { user: userShape(urls, user) } : {}) };
}

const htmlEscape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const rendered = (message: string): Json => ({
  type: 'rendered',
  raw: message,
  markup: 'markdown',
  html: `<p>${htmlEscape(message.trim())}</p>`,
});

function base(urls: Urls, name: string, commit: Commit): Json {
  const api = `/repositories/${name}/commit/${commit.hash}`;
  return {
    type: 'commit',
    hash: commit.hash,
    date: commit.author.date,
    message: commit.message,
    parents: commit.parents.map((hash) => ({
      type: 'commit',
      hash,
      links: {
        self: urls.api(`/repositories/${name}/commit/${hash}`),
        html: urls.html(`/${name}/commits/${hash}`),
      },
    })),
    links: { self: urls.api(api), html: urls.html(`/${name}/commits/${commit.hash}`) },
  };
}

/** As in REST answers. */
export function commitShape(state: State, urls: Urls, repository: Repository, commit: Commit): Json {
  const name = fullName(state, repository);
  const api = `/repositories/${name}`;
  const condensed = base(urls, name, commit);
  return {
    ...condensed,
    author: authorShape(state, urls, commit.author),
    summary: rendered(commit.message),
    repository: condensedRepositoryShape(state, urls, repository),
    links: {
      ...(condensed['links'] as Json),
      diff: urls.api(`${api}/diff/${commit.hash}`),
      patch: urls.api(`${api}/patch/${commit.hash}`),
      comments: urls.api(`${api}/commit/${commit.hash}/comments`),
      approve: urls.api(`${api}/commit/${commit.hash}/approve`),
      statuses: urls.api(`${api}/commit/${commit.hash}/statuses`),
    },
  };
}

/** As in webhooks. */
export function eventCommitShape(state: State, urls: Urls, repository: Repository, commit: Commit): Json {
  return {
    ...base(urls, fullName(state, repository), commit),
    author: authorShape(state, urls, commit.author),
    committer: authorShape(state, urls, commit.committer),
    summary: rendered(commit.message),
    rendered: {},
    properties: {},
  };
}
