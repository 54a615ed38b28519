/** §10: what git prints after `remote: `, and what SSH prints on standard error. */
export const TEXT = {
  missing:
    "The requested repository either does not exist or you do not have access. If you believe this repository exists and you have access, make sure you're authenticated.",
  scope: 'Your credentials lack one or more required privilege scopes.',
  ipAllowlist: 'To access this repository, an admin must whitelist your IP.',
  twoStep: 'To access this repository, enable two-step authentication.',
  unauthenticated: 'Token is invalid, expired, or not supported for this endpoint.',
  unavailable: 'The service is unavailable',
  limited: 'Rate limit for this resource has been exceeded',
  dumb: 'This server speaks the smart HTTP protocol only.',
  readOnly: 'This repository is in read-only mode while maintenance is under way.',
  quota: 'Repository is over the size limit (4 GB) and will not accept further additions.',
  deployKeyElsewhere:
    'repository access denied. deployment key is not associated with the requested repository.',
  deployKeyReadOnly: 'repository access denied. access via a deployment key is read-only.',
} as const;

/** A refusal in git's manner. The status is HTTP's; SSH says the sentence only. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}
