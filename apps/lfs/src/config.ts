import { z } from 'zod';
import { blobStoreSettings } from '@antipode/blob-store';
import { primarySettings } from '@antipode/primary';
import { rpcSettings } from '@antipode/rpc';
import { loadConfig, opsSettings } from '@antipode/service-kit';

const settings = z.object({
  ...opsSettings,
  ...rpcSettings,
  ...primarySettings,
  ...blobStoreSettings,
  /** Where neighbours reach this service. */
  GRPC_LISTEN: z.string().default('127.0.0.1:7998'),
  /** Where the edge reaches the bytes of objects. */
  HTTP_HOST: z.string().default('127.0.0.1'),
  HTTP_PORT: z.coerce.number().int().min(0).max(65535).default(8007),
  /** Directory of this node's data; objects live in <data>/lfs. */
  ANTIPODE_DATA: z.string(),
  /** What is known of objects: whose they are, and where. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  DATABASE_CONNECTIONS: z.coerce.number().int().min(4).max(200).default(10),
  REGISTRY_GRPC: z.string().default('127.0.0.1:7995'),
  /** 32 random bytes in hex; links are signed with it, and the primary's own are sealed. */
  SECRET_KEY: z.string().regex(/^[0-9a-f]{64}$/i, '32 bytes in hex'),
  /** The mirror's own base URL, as people know it: links begin with it. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:7990'),
  /** How long a link of ours is good for. */
  TICKET_SECONDS: z.coerce.number().int().min(10).max(86_400).default(900),
  /** Objects that are brought at the same time. */
  FILL_CONCURRENCY: z.coerce.number().int().min(1).max(256).default(8),
  /** How long the objects of a repository outlive its selection. */
  GRACE_HOURS: z.coerce.number().min(0).max(87_600).default(168),
  /** How fast what is stored is read and hashed again; 0: never. */
  SCRUB_MIB_PER_SECOND: z.coerce.number().min(0).max(10_000).default(4),
});

export type LfsConfig = z.infer<typeof settings>;

export const readConfig = (env?: NodeJS.ProcessEnv): LfsConfig => loadConfig(settings, env);
