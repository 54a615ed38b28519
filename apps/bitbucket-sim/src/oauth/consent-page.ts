import type { User } from '../state/model.js';
import type { ConsentRequest } from './authorize.js';

const WORDS: Readonly<Record<string, string>> = {
  account: 'Read your account information, your e-mail addresses and your SSH keys',
  repository: 'Read your repositories',
  'repository:write': 'Read and modify your repositories',
  'repository:admin': 'Administer your repositories, access keys included',
  project: 'Read your projects, and the repositories in them',
  'project:admin': 'Administer your projects, access keys included',
  webhook: 'Read and modify your webhooks',
};

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Sign-in and consent in one form: whoever sends it names themselves, proves it, and says yes or no. */
export function consentPage(
  { consumer }: ConsentRequest,
  users: readonly User[],
  query: URLSearchParams,
  problem?: string,
): string {
  const people = users.map(
    (user) => `<option value="${escape(user.username)}">${escape(user.displayName)}</option>`,
  );
  const hidden = [...query].map(
    ([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`,
  );
  const scopes = consumer.scopes.map((scope) => `<li>${escape(WORDS[scope] ?? scope)}</li>`);
  return page(
    `Confirm access to your account`,
    `<p><strong>${escape(consumer.name)}</strong> is requesting access to the following:</p>
<ul>${scopes.join('')}</ul>
${problem === undefined ? '' : `<p role="alert"><strong>${escape(problem)}</strong></p>`}
<form method="post" action="/site/oauth2/authorize">
${hidden.join('\n')}
<p><label>Who are you? <select name="username">${people.join('')}</select></label></p>
<p><label>API token <input type="password" name="password" autocomplete="off" autofocus></label></p>
<p><button name="decision" value="allow">Grant access</button> <button name="decision" value="deny">Cancel</button></p>
</form>`,
  );
}

export const problemPage = (text: string): string => page('Something is wrong', `<p>${escape(text)}</p>`);

const page = (title: string, body: string): string => `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${title} - Bitbucket (simulated)</title>
<link rel="icon" href="data:,">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:3em auto;padding:0 1em}input,select,button{font:inherit}</style>
</head><body><h1>${title}</h1>
${body}
</body></html>
`;
