import { z } from 'zod';

const baseUrl = z.url({ protocol: /^https?$/ }).refine(isPlain, 'a URL without user, query or fragment');

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  );

/** A switch that is off where nothing is said. */
const no = z
  .enum(['true', 'false', '1', '0'])
  .default('false')
  .transform((text) => text === 'true' || text === '1');

/** Settings of services that speak to the primary. */
export const primarySettings = {
  PRIMARY_KIND: z.enum(['bitbucket-cloud', 'git-http']).default('bitbucket-cloud'),
  /** Base of git URLs. bitbucket-cloud: https://bitbucket.org; git-http: must be given. */
  PRIMARY_GIT_URL: baseUrl.optional(),
  /** bitbucket-cloud: https://api.bitbucket.org/2.0. */
  PRIMARY_API_URL: baseUrl.optional(),
  PRIMARY_WORKSPACE: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,128}$/, "the workspace's id, as in its URL")
    .optional(),
  /** A file that holds the connection's token and nothing else: an environment can be read by more people than a file. */
  PRIMARY_TOKEN_FILE: z.string().optional(),
  PRIMARY_TOKEN_EMAIL: z.email().optional(),
  PRIMARY_TOKEN_USERNAME: z
    .string()
    .regex(/^[^:\s]{1,255}$/, 'a username, without colon or space')
    .optional(),
  /** git-http: paths of known repositories, comma separated. */
  PRIMARY_REPOSITORIES: list,
  /** git-http: a repository is learnt from the first request that the primary authorises. */
  PRIMARY_ON_DEMAND: no,
  /** git-http: what the host's URLs carry after a repository's path. "none" for hosts that have no ".git" there. */
  PRIMARY_GIT_SUFFIX: z.enum(['.git', 'none']).default('.git'),
  /** Base of SSH URLs, "ssh://git@host:port". bitbucket-cloud: ssh://git@bitbucket.org; git-http: none. */
  PRIMARY_SSH_URL: z
    .string()
    .regex(
      /^ssh:\/\/[A-Za-z0-9._-]+@([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?\/?$/,
      'ssh://user@host:port',
    )
    .transform((text) => text.replace(/\/$/, ''))
    .optional(),
  /** The primary's SSH host keys, as lines of OpenSSH's known_hosts; absent: nothing is relayed with a caller's agent. */
  PRIMARY_SSH_KNOWN_HOSTS_FILE: z.string().optional(),
  /** The mirror's OAuth consumer at the primary, with which people link their accounts; absent: nobody can. */
  PRIMARY_OAUTH_KEY: z
    .string()
    .regex(/^[\x21-\x39\x3b-\x7e]{1,512}$/, 'the key of an OAuth consumer')
    .optional(),
  /** A file that holds the consumer's secret and nothing else. */
  PRIMARY_OAUTH_SECRET_FILE: z.string().optional(),
  /** Base of the OAuth endpoints. bitbucket-cloud: https://bitbucket.org/site/oauth2. */
  PRIMARY_OAUTH_URL: baseUrl.optional(),
  /** Send PKCE's challenge (RFC 7636); whether Bitbucket takes it is not documented. */
  PRIMARY_OAUTH_PKCE: no,
  /** Longest wait for one answer of the primary, in seconds. */
  PRIMARY_TIMEOUT_SECONDS: z.coerce.number().positive().max(600).default(10),
  /** Connections kept to each host of the primary. */
  PRIMARY_CONNECTIONS: z.coerce.number().int().min(1).max(1000).default(64),
};

export type PrimaryConfig = z.infer<z.ZodObject<typeof primarySettings>>;

/** A password in a base URL would end up in every log line that names the URL. */
function isPlain(text: string): boolean {
  const { username, password, search, hash } = new URL(text);
  return username === '' && password === '' && search === '' && hash === '';
}
