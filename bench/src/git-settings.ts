import type { GitCredential } from '@antipode/testing';

/**
 * The environment of a client's git: none of this machine's configuration, and the credential sent with the first
 * request, as after a first 401. It travels by environment, never in argv.
 *
 * @param to the only origin that is sent the credential; git-lfs would show it to wherever a batch points
 */
export function gitSettings(as?: GitCredential, to?: string): Record<string, string> {
  const pairs: (readonly [string, string])[] = [
    ['gc.auto', '0'],
    ['maintenance.auto', 'false'],
  ];
  if (as)
    pairs.push([
      to === undefined ? 'http.extraHeader' : `http.${to}/.extraHeader`,
      `Authorization: ${basic(as)}`,
    ]);
  return {
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(pairs.length),
    ...Object.fromEntries(
      pairs.flatMap(([key, value], i) => [
        [`GIT_CONFIG_KEY_${i}`, key],
        [`GIT_CONFIG_VALUE_${i}`, value],
      ]),
    ),
  };
}

const basic = ({ username, password }: GitCredential): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
