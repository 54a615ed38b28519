import { z } from 'zod';
import { parseOutagePolicy } from '@antipode/domain';
import { primarySettings } from '@antipode/primary';
import { rpcSettings } from '@antipode/rpc';
import { loadConfig, opsSettings } from '@antipode/service-kit';

const port = z.coerce.number().int().min(0).max(65535);
const seconds = (most: number) => z.coerce.number().positive().max(most);

const settings = z.object({
  ...opsSettings,
  ...rpcSettings,
  ...primarySettings,
  GRPC_LISTEN: z.string().default('127.0.0.1:7996'),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).default('redis://127.0.0.1:7994'),
  /** 32 random bytes in hex; credentials and addresses are remembered by an HMAC with it alone. */
  SECRET_KEY: z.string().regex(/^[0-9a-f]{64}$/i, '32 bytes in hex'),
  /** How long a yes of the primary stands: the longest that a revoked credential still works. */
  VERDICT_SECONDS: seconds(3600).default(60),
  /** How long a no stands: short, since somebody may just have been let in. */
  NEGATIVE_VERDICT_SECONDS: seconds(300).default(5),
  /** refuse, or serve:<seconds>: how old a yes may be that stands while the primary cannot be asked. */
  OUTAGE_POLICY: z
    .string()
    .default('refuse')
    .transform((text, context) => parseOutagePolicy(text) ?? fail(context, 'refuse or serve:<seconds>')),
  /** Failures that one client address (IPv6: one /64) may collect in a window. */
  FAILURE_LIMIT: z.coerce.number().int().min(1).max(100_000).default(20),
  FAILURE_WINDOW_SECONDS: seconds(86_400).default(60),
  /** Questions to the primary at the same time. */
  QUESTION_CONCURRENCY: z.coerce.number().int().min(1).max(10_000).default(64),
  /** Questions that may wait for their turn; one more is answered `busy`. */
  QUESTION_QUEUE: z.coerce.number().int().min(0).max(1_000_000).default(2000),
  /** The node's folder: `<data>/state` keeps the table of repositories; absent: it is kept in memory alone. */
  ANTIPODE_DATA: z.string().min(1).optional(),
  /** Where the link pages are served, for the edge's proxy. */
  HTTP_HOST: z.string().default('127.0.0.1'),
  HTTP_PORT: port.default(8006),
  /** The mirror's own base URL, as people know it; without one nobody can link an account. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** What people call this mirror, on its pages. */
  MIRROR_NAME: z.string().trim().min(1).max(100).optional(),
  /** Linked accounts and keys; without it no key is known. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_CONNECTIONS: z.coerce.number().int().min(4).max(200).default(10),
  REGISTRY_GRPC: z.string().default('127.0.0.1:7995'),
  /** Between two readings of a linked account's keys. */
  KEY_READ_SECONDS: seconds(3600).default(120),
  /** A key that could not be looked at for so long is not taken any more. */
  KEY_STALE_SECONDS: seconds(86_400).default(900),
  /** Calls in an hour with which the connection reads access keys. */
  ACCESS_KEY_CALLS_PER_HOUR: z.coerce.number().int().min(0).max(100_000).default(300),
  /** Unknown keys that one client address may offer in a window; ssh offers all that it has. */
  UNKNOWN_KEY_LIMIT: z.coerce.number().int().min(1).max(1_000_000).default(300),
  /** Requests for link pages that one client address may make in a window. */
  LINK_PAGE_LIMIT: z.coerce.number().int().min(1).max(1_000_000).default(60),
  /** How long a browser stays signed in; a working day, since what a person may is asked of the primary all the time. */
  LINK_SESSION_SECONDS: seconds(86_400 * 30).default(28_800),
});

const schema = settings.refine(
  ({ PRIMARY_OAUTH_KEY, PRIMARY_OAUTH_SECRET_FILE }) => !PRIMARY_OAUTH_KEY === !PRIMARY_OAUTH_SECRET_FILE,
  { path: ['PRIMARY_OAUTH_SECRET_FILE'], message: 'goes together with PRIMARY_OAUTH_KEY' },
);

export type AuthConfig = z.infer<typeof schema>;

export const readConfig = (env?: NodeJS.ProcessEnv): AuthConfig => loadConfig(schema, env);

/** Injection token of the settings. */
export const CONFIG = Symbol('CONFIG');

function fail(context: z.core.$RefinementCtx<string>, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
