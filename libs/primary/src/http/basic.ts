/** The value of an Authorization header; RFC 7617. */
export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;

/** The token of a Bearer header (RFC 6750); undefined for every other header. */
export const bearerToken = (authorization: string): string | undefined =>
  /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization)?.[1];
