import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { parseFreshness, parseOutagePolicy } from '@antipode/domain';
import { primarySettings } from '@antipode/primary';
import { rpcSettings } from '@antipode/rpc';
import { loadConfig, opsSettings } from '@antipode/service-kit';
import { readNetworks } from './network/network-list.js';

const seconds = (most: number) => z.coerce.number().int().min(1).max(most);
const mebibytes = (most: number) => z.coerce.number().int().min(1).max(most);
const networks = z.string().default('').transform(readNetworks);

const settings = z.object({
  ...opsSettings,
  ...rpcSettings,
  ...primarySettings,
  /** The node's folder: `<data>/repositories` and `<data>/lfs` are read, `<data>/state` keeps the table of repositories. */
  ANTIPODE_DATA: z.string().min(1),
  HTTP_HOST: z.string().default('127.0.0.1'),
  HTTP_PORT: z.coerce.number().int().min(0).max(65535).default(7990),
  AUTH_GRPC: z.string().default('127.0.0.1:7996'),
  REGISTRY_GRPC: z.string().default('127.0.0.1:7995'),
  SYNC_GRPC: z.string().default('127.0.0.1:7997'),
  LFS_GRPC: z.string().default('127.0.0.1:7998'),
  /** Where `/-/…` is answered. */
  REGISTRY_HTTP: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:7991'),
  /** Where `/-/link…` is answered: auth's pages. */
  AUTH_HTTP: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:8006'),
  /** Where `/-/lfs/…` is answered, as far as it is not on this node's disk. */
  LFS_HTTP: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:8007'),
  /** The mirror's own address as people know it: where accounts are linked, and where LFS is for those who use SSH. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:7990'),
  /** 32 random bytes; keys of remembered verdicts, and of tickets and tokens for LFS, are made with it. */
  SECRET_KEY: z.string().regex(/^[0-9a-f]{64}$/i, '64 hex digits'),
  /** Proxies that are believed whom they ask for: addresses or networks, comma separated. */
  TRUSTED_PROXIES: networks,
  /** Doors whose connections come from TRUSTED_PROXIES and begin with a PROXY header, version 1 or 2. */
  PROXY_PROTOCOL: z.enum(['off', 'http', 'ssh', 'both']).default('off'),
  /** Whom both doors serve: addresses or networks, comma separated. None: everybody whom DENY_NETWORKS does not name. */
  ALLOW_NETWORKS: networks,
  /** Wins over ALLOW_NETWORKS. */
  DENY_NETWORKS: networks,
  /** The same, in addition, for what anybody may read without a credential. */
  PUBLIC_ALLOW_NETWORKS: networks,
  PUBLIC_DENY_NETWORKS: networks,
  FRESHNESS: z
    .string()
    .default('bounded:5')
    .transform(
      (text, context) => parseFreshness(text) ?? fail(context, 'strict, bounded:<seconds> or event'),
    ),
  OUTAGE_POLICY: z
    .string()
    .default('refuse')
    .transform((text, context) => parseOutagePolicy(text) ?? fail(context, 'refuse or serve:<seconds>')),
  /** Longest wait for a sync before a request is passed through instead. */
  FRESH_WAIT_MS: z.coerce.number().int().min(50).max(60_000).default(4000),
  /** Policy "event": after this long without a confirmation the primary is asked after all. */
  EVENT_MAX_AGE_SECONDS: seconds(86_400).default(1800),
  AUTH_WAIT_MS: z.coerce.number().int().min(100).max(60_000).default(12_000),
  /** git processes that answer fetches at the same time. */
  FETCH_CONCURRENCY: z.coerce
    .number()
    .int()
    .min(1)
    .max(4096)
    .default(Math.max(16, availableParallelism() * 8)),
  FETCH_QUEUE: z.coerce.number().int().min(0).max(100_000).default(500),
  FETCH_QUEUE_SECONDS: seconds(3600).default(60),
  /** A client that takes no byte for this long is cut off. */
  STREAM_IDLE_SECONDS: seconds(3600).default(120),
  STREAM_TOTAL_SECONDS: seconds(604_800).default(21_600),
  PASS_THROUGH_CONCURRENCY: z.coerce.number().int().min(1).max(4096).default(64),
  /** Longest wait for the first byte of a passed-through answer. */
  PASS_THROUGH_WAIT_SECONDS: seconds(3600).default(60),
  /** `refuse`: pushes are refused on every door, with the lines that help. */
  PUSH: z.enum(['relay', 'refuse']).default('relay'),
  /** Of one push, as it comes over the wire; 0 for no limit, because the primary has its own. */
  PUSH_MAX_MIB: z.coerce.number().int().min(0).max(16_777_216).default(0),
  PUSH_CONCURRENCY: z.coerce.number().int().min(1).max(4096).default(64),
  /** A push in which nothing moves in either direction for this long is given up. */
  PUSH_IDLE_SECONDS: seconds(86_400).default(600),
  /** Longest wait for our own copy to show a push before its end is told. */
  PUSH_PUBLISH_SECONDS: seconds(600).default(10),
  SSH_HOST: z.string().default('127.0.0.1'),
  SSH_PORT: z.coerce.number().int().min(0).max(65535).default(7999),
  /** The folder of the host keys; those that are missing are made. Default `<ANTIPODE_DATA>/state/ssh-host-keys`. */
  SSH_HOST_KEYS: z.string().min(1).optional(),
  /** The mirror's SSH address as people know it: `ssh://git@mirror:7999`. Default: SSH_HOST and SSH_PORT. */
  SSH_URL: z
    .string()
    .regex(
      /^ssh:\/\/([A-Za-z0-9._-]+@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?\/?$/,
      'ssh://git@host:port',
    )
    .transform((text) => text.replace(/\/$/, ''))
    .optional(),
  /** From the first byte of a connection until it is known who comes; somebody may have to type a passphrase. */
  SSH_LOGIN_SECONDS: seconds(3600).default(120),
  /** Keys that one client may offer, and other attempts to sign in, on one connection. */
  SSH_AUTH_TRIES: z.coerce.number().int().min(2).max(1000).default(40),
  SSH_CONNECTIONS: z.coerce.number().int().min(1).max(1_000_000).default(2000),
  SSH_CONNECTIONS_PER_ADDRESS: z.coerce.number().int().min(1).max(1_000_000).default(200),
  /** Connections of which it is not known yet who comes. */
  SSH_STRANGERS: z.coerce.number().int().min(1).max(1_000_000).default(200),
  /** git-lfs opens up to ten on one shared connection. */
  SSH_SESSIONS_PER_CONNECTION: z.coerce.number().int().min(1).max(1000).default(16),
  /** Commands of one account, access key or guest's address at the same time. */
  SSH_COMMANDS_PER_PRINCIPAL: z.coerce.number().int().min(1).max(100_000).default(100),
  /** A connection without a command, or a command in which nothing moves, is ended after this long. */
  SSH_IDLE_SECONDS: seconds(86_400).default(600),
  /** How long a known key is remembered without asking auth again. */
  SSH_KEY_CACHE_SECONDS: seconds(300).default(10),
  /** Pages that listen for news at the same time: of all, and of one address. */
  LIVE_STREAMS: z.coerce.number().int().min(1).max(100_000).default(1000),
  LIVE_STREAMS_PER_ADDRESS: z.coerce.number().int().min(1).max(100_000).default(250),
  REQUEST_MAX_MIB: mebibytes(1024).default(32),
  /** All request bodies that are held in memory at one moment. */
  REQUEST_MEMORY_MIB: mebibytes(65_536).default(128),
  SNAPSHOT_CACHE_MIB: mebibytes(65_536).default(64),
  ANSWER_CACHE_MIB: mebibytes(65_536).default(32),
  VERDICT_CACHE_ENTRIES: z.coerce.number().int().min(1).max(10_000_000).default(50_000),
});

const schema = settings.superRefine(({ PROXY_PROTOCOL, TRUSTED_PROXIES }, context) => {
  if (PROXY_PROTOCOL === 'off' || TRUSTED_PROXIES.length > 0) return;
  const message = 'nobody could connect: TRUSTED_PROXIES must name the proxies in front of this mirror';
  context.addIssue({ code: 'custom', path: ['PROXY_PROTOCOL'], message });
});

export type EdgeConfig = z.infer<typeof schema>;

export const readConfig = (env?: NodeJS.ProcessEnv): EdgeConfig => loadConfig(schema, env);

function fail(context: z.core.$RefinementCtx<string>, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
