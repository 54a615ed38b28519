import { z } from 'zod';
import { rpcSettings } from '@antipode/rpc';
import { loadConfig, opsSettings } from '@antipode/service-kit';

const settings = z.object({
  ...opsSettings,
  ...rpcSettings,
  /** Where neighbours reach this service. */
  GRPC_LISTEN: z.string().default('127.0.0.1:7998'),
  /** Directory of this node's data; objects will live in <data>/lfs. */
  ANTIPODE_DATA: z.string(),
});

export type LfsConfig = z.infer<typeof settings>;

export const readConfig = (env?: NodeJS.ProcessEnv): LfsConfig => loadConfig(settings, env);
