/** The value of an Authorization header; RFC 7617. */
export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;

/** The token of a Bearer header; undefined for every other. Atlassian's tokens hold more than RFC 6750 lets them ("…=A1B2"). */
export const bearerToken = (authorization: string): string | undefined =>
  /^bearer +(\S+)$/i.exec(authorization)?.[1];
