import type { Token, User } from '../state/model.js';

/** Who a credential proved to be. */
export type Principal =
  | { readonly kind: 'anonymous'; readonly address: string }
  | { readonly kind: 'user'; readonly user: User; readonly token: Token }
  | { readonly kind: 'access-token'; readonly token: Token };

/** Each access token is its own rate-limit identity; all API tokens of a user share one. */
export function identityOf(principal: Principal): string {
  switch (principal.kind) {
    case 'anonymous':
      return `address:${principal.address}`;
    case 'user':
      return `user:${principal.user.uuid}`;
    case 'access-token':
      return `token:${principal.token.id}`;
  }
}
