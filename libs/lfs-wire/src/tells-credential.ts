import type { AnsweredObject } from './batch-response.js';

/** Shorter texts occur by chance. */
const LEAST_SECRET = 8;

/**
 * Whether an answer's actions hold the credential with which the primary was asked. Some servers put the request's own
 * Authorization into them: good for whoever it belongs to, and for nobody else.
 *
 * @param authorization the header that was sent
 */
export function tellsCredential({ actions }: AnsweredObject, authorization: string): boolean {
  const secrets = secretsOf(authorization);
  return Object.values(actions ?? {})
    .flatMap(({ href, header }) => [href, ...Object.values(header ?? {})])
    .some((text) => {
      const said = [text, ...tokensOf(text)].join('\n');
      return secrets.some((secret) => said.includes(secret) || said.includes(encodeURIComponent(secret)));
    });
}

/** The token itself, in whichever form or scheme it may come back. */
const secretsOf = (authorization: string): string[] => {
  const [token = '', basic] = tokensOf(authorization);
  const password = basic?.slice(basic.indexOf(':') + 1) ?? '';
  return [authorization, token, password].filter((secret) => secret.length >= LEAST_SECRET);
};

/** What comes after the scheme; for Basic also what it stands for. RFC 7617. */
function tokensOf(header: string): string[] {
  const [, scheme = '', token = ''] = /^(\S+) +(\S+)$/.exec(header.trim()) ?? [];
  if (token === '') return [];
  return scheme.toLowerCase() === 'basic' ? [token, Buffer.from(token, 'base64').toString()] : [token];
}
