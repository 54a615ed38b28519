import { AntipodeError } from '@antipode/errors';
import { basic } from '../http/basic.js';
import type { ConnectionCredential } from '../primary.js';

/**
 * The connection's credential in REST's form, which is not git's: an access token is a Bearer, a user's API token is
 * Basic with the Atlassian e-mail.
 *
 * @throws AntipodeError `invalid` for an API token whose e-mail is not known.
 */
export function restAuthorization({ token, email, username }: ConnectionCredential): string {
  if (email !== undefined) return basic(email, token);
  if (username === undefined) return `Bearer ${token}`;
  throw new AntipodeError(
    'invalid',
    'asking the primary',
    {},
    {
      hint: "PRIMARY_TOKEN_EMAIL is needed: Bitbucket's REST API takes a user's API token with the e-mail, not with the username.",
    },
  );
}
