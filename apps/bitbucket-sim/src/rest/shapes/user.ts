import { uuidFor } from '../../state/identity.js';
import type { Token, User } from '../../state/model.js';
import { encodeUuid, type Json, type Urls } from './links.js';

/** The embedded form: no username since the privacy changes. */
export function userShape(urls: Urls, user: User): Json {
  return {
    display_name: user.displayName,
    links: {
      self: urls.api(`/users/${encodeUuid(user.uuid)}`),
      avatar: urls.avatar(`/account/${encodeUuid(user.uuid)}`),
      html: urls.html(`/${encodeUuid(user.uuid)}/`),
    },
    type: 'user',
    uuid: user.uuid,
    account_id: user.accountId,
    nickname: user.username,
  };
}

export function fullUserShape(urls: Urls, user: User): Json {
  const id = encodeUuid(user.uuid);
  const condensed = userShape(urls, user);
  return {
    ...condensed,
    account_status: 'active',
    created_on: user.createdOn,
    is_staff: false,
    has_2fa_enabled: null,
    links: {
      ...(condensed['links'] as Json),
      repositories: urls.api(`/repositories/${id}`),
      snippets: urls.api(`/snippets/${id}`),
      hooks: urls.api(`/workspaces/${id}/hooks`),
    },
  };
}

/** An access token is shown as a "user" named after it. */
export function tokenShape(urls: Urls, token: Token): Json {
  const uuid = uuidFor(`token:${token.id}`);
  const id = encodeUuid(uuid);
  return {
    display_name: token.name,
    links: {
      self: urls.api(`/users/${id}`),
      avatar: urls.avatar(`/account/${id}`),
      html: urls.html(`/${id}/`),
    },
    type: 'user',
    uuid,
    account_id: `712020:${uuid.slice(1, -1)}`,
    nickname: token.name,
  };
}
