/** The value of an Authorization header; RFC 7617. */
export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;

/** Username and password of a Basic header; undefined for every other, and for one that cannot be read. */
export function readBasic(
  authorization: string,
): { readonly username: string; readonly password: string } | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/_=-]+) *$/i.exec(authorization) ?? [];
  const text = Buffer.from(encoded ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The token of a Bearer header; undefined for every other. Atlassian's tokens hold more than RFC 6750 lets them ("…=A1B2"). */
export const bearerToken = (authorization: string): string | undefined =>
  /^bearer +(\S+)$/i.exec(authorization)?.[1];
