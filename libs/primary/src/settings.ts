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
  PRIMARY_ON_DEMAND: z
    .enum(['true', 'false', '1', '0'])
    .default('false')
    .transform((text) => text === 'true' || text === '1'),
  /** git-http: what the host's URLs carry after a repository's path. "none" for hosts that have no ".git" there. */
  PRIMARY_GIT_SUFFIX: z.enum(['.git', 'none']).default('.git'),
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
