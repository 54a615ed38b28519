import { z } from 'zod';
import { primarySettings } from '@antipode/primary';
import { rpcSettings } from '@antipode/rpc';
import { loadConfig, opsSettings } from '@antipode/service-kit';

const seconds = (least: number): z.ZodCoercedNumber =>
  z.coerce
    .number()
    .min(least)
    .max(86_400 * 30);
const pool = z.coerce.number().int().min(1).max(256);

const schema = z.object({
  ...opsSettings,
  ...rpcSettings,
  ...primarySettings,
  /** This node's data folder; mirror repositories lie in `<data>/repositories`. */
  ANTIPODE_DATA: z.string().default('.antipode'),
  GRPC_LISTEN: z.string().default('127.0.0.1:7997'),
  REGISTRY_GRPC: z.string().default('127.0.0.1:7995'),
  LFS_GRPC: z.string().default('127.0.0.1:7998'),
  REDIS_URL: z.string().default('redis://127.0.0.1:7994'),
  /** How many increments may fetch at once; each is a git process. */
  SYNC_CONCURRENCY: pool.default(8),
  /** How many first clones may run at once. */
  CLONE_CONCURRENCY: pool.default(2),
  MAINTENANCE_CONCURRENCY: pool.default(1),
  /** How often every repository's refs are compared with the primary's. 900; 60 where the primary cannot list changes. */
  COMPARE_SECONDS: seconds(1).optional(),
  /** An increment that shows no sign of life for this long is killed. */
  STALL_SECONDS: seconds(1).default(120),
  /** The same for first clones: a primary may compute a large pack for minutes before it says anything. */
  CLONE_STALL_SECONDS: seconds(1).default(900),
  /** How long new commits wait for their large files before they are published; 0: the files come afterwards. */
  LFS_BEFORE_PUBLISH_SECONDS: seconds(0).default(120),
  /** How long tips that an epoch has dropped can still be fetched. */
  PIN_SECONDS: seconds(0).default(3600),
  /** How long a repository that is no longer selected stays in the trash. */
  TRASH_SECONDS: seconds(0).default(3600),
});

export type SyncConfig = z.infer<typeof schema>;

export const readConfig = (env?: NodeJS.ProcessEnv): SyncConfig => loadConfig(schema, env);

/** Injection token of the settings. */
export const CONFIG = Symbol('CONFIG');
