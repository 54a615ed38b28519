import { basic, bearerToken } from '../http/basic.js';
import type { ConnectionCredential } from '../primary.js';

/** A username that stands for "the password is an access token" on Bitbucket's git endpoint. */
const ACCESS_TOKEN = 'x-token-auth';
/** The same for a user's API token, whoever the user is. */
const API_TOKEN = 'x-bitbucket-api-token-auth';

/** A user's API token comes with its owner's e-mail or username; an access token belongs to no person. */
export const isApiToken = ({ email, username }: ConnectionCredential): boolean =>
  email !== undefined || username !== undefined;

export const gitAuthorization = (credential: ConnectionCredential): string =>
  isApiToken(credential)
    ? basic(credential.username ?? API_TOKEN, credential.token)
    : basic(ACCESS_TOKEN, credential.token);

/** A caller's "Bearer T" in the form that is documented for git; undefined where the header is no Bearer. */
export function bearerAsBasic(authorization: string): string | undefined {
  const token = bearerToken(authorization);
  return token === undefined ? undefined : basic(ACCESS_TOKEN, token);
}
