import type { SshKey } from '../state/key-model.js';
import type { Token, User } from '../state/model.js';

/** Who a credential proved to be. */
export type Principal =
  | { readonly kind: 'anonymous'; readonly address: string }
  | { readonly kind: 'user'; readonly user: User; readonly token: Token }
  | { readonly kind: 'access-token'; readonly token: Token };

/** Who a signature proved to be: a person, or only the holder of some access key. */
export type KeyHolder =
  | { readonly kind: 'key-of-user'; readonly user: User; readonly key: SshKey }
  | { readonly kind: 'deploy-key'; readonly fingerprint: string; readonly key: string };

/** Whoever may stand before a repository. */
export type Knocker = Principal | KeyHolder;

/**
 * Each access token is its own rate-limit identity; all API tokens and keys of a user share one, and so do all users of
 * an OAuth application (§6.1).
 */
export function identityOf(principal: Knocker): string {
  if ('token' in principal && principal.token.consumer !== undefined)
    return `consumer:${principal.token.consumer}`;
  switch (principal.kind) {
    case 'anonymous':
      return `address:${principal.address}`;
    case 'user':
    case 'key-of-user':
      return `user:${principal.user.uuid}`;
    case 'access-token':
      return `token:${principal.token.id}`;
    case 'deploy-key':
      return `key:${principal.fingerprint}`;
  }
}
