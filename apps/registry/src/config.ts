import { z } from 'zod';
import { primarySettings } from '@antipode/primary';
import { rpcSettings } from '@antipode/rpc';
import { loadConfig, opsSettings } from '@antipode/service-kit';

const port = z.coerce.number().int().min(0).max(65535);
const perMinute = z.coerce.number().int().min(1).max(1_000_000);
const seconds = z.coerce.number().positive().max(86_400);

const schema = z.object({
  ...opsSettings,
  ...rpcSettings,
  ...primarySettings,
  GRPC_LISTEN: z.string().default('127.0.0.1:7995'),
  AUTH_GRPC: z.string().default('127.0.0.1:7996'),
  HTTP_HOST: z.string().default('127.0.0.1'),
  HTTP_PORT: port.default(7991),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  DATABASE_CONNECTIONS: z.coerce.number().int().min(4).max(200).default(10),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }),
  /** The mirror's own base URL, as clients see it. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Where the primary sends its webhooks; ours is `${WEBHOOK_URL}/<id>`. Absent: `${PUBLIC_URL}/-/webhooks`. */
  WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Bearer token of the REST API; without one the API is closed. */
  ADMIN_TOKEN: z.string().min(16).max(512).optional(),
  /** Workspaces whose administrators may connect this mirror by themselves: comma list, or "*" for any. */
  CONNECT_WORKSPACES: z
    .string()
    .regex(
      /^(\*|[A-Za-z0-9_-]{1,128}(\s*,\s*[A-Za-z0-9_-]{1,128})*)?$/,
      "workspaces' ids, comma separated, or *",
    )
    .default('')
    .transform(
      (text) =>
        new Set(
          text
            .toLowerCase()
            .split(',')
            .map((item) => item.trim())
            .filter(Boolean),
        ),
    ),
  /** What may be asked of one instance in a minute: by an unknown address, by somebody known; and with wrong credentials. */
  REST_ANONYMOUS_LIMIT: perMinute.default(300),
  REST_VIEWER_LIMIT: perMinute.default(6000),
  REST_FAILURE_LIMIT: perMinute.default(30),
  /** 32 bytes in hex; encrypts what this service keeps secret. */
  SECRET_KEY: z.string().regex(/^[0-9a-fA-F]{64}$/, '32 bytes in hex'),
  /** The base of the mirror's SSH URLs, for people to copy: "ssh://git@mirror.example:7999". */
  SSH_URL: z
    .string()
    .regex(
      /^ssh:\/\/([A-Za-z0-9._-]+@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?\/?$/,
      'ssh://git@host:port',
    )
    .optional(),
  /** How this mirror is called among its siblings. Absent: the node's name, or the host's. */
  MIRROR_NAME: z.string().trim().min(1).max(100).optional(),
  /** Where it stands, for people: "Sydney". */
  MIRROR_REGION: z.string().trim().min(1).max(100).optional(),
  /** A file with the other mirrors of the workspace: [{"name", "region"?, "url", "sshUrl"?}]. */
  SIBLINGS_FILE: z.string().min(1).optional(),
  /** Whether outgoing webhooks may lead to this machine and its link (127.0.0.0/8, 169.254.0.0/16 and the like). */
  OUTGOING_OWN_NETWORKS: z.enum(['refuse', 'allow']).default('refuse'),
  /** How long the data of a connection that has ended is kept, for the case that it is connected again. */
  GRACE_HOURS: z.coerce.number().min(0).max(8760).default(168),
  /** Between two sweeps, before jitter; longer while the primary limits us. */
  SWEEP_SECONDS: seconds.default(60),
  /** Between two sweeps that list everything, which alone can tell what is gone. */
  FULL_SWEEP_SECONDS: seconds.default(600),
});

export type RegistryConfig = z.infer<typeof schema>;

/** Injection token of the settings. */
export const CONFIG = Symbol('CONFIG');

export const readConfig = (env?: NodeJS.ProcessEnv): RegistryConfig => loadConfig(schema, env);

/** Where the primary is told to send webhooks; undefined where nobody outside can reach us. */
export function webhookBase({ WEBHOOK_URL, PUBLIC_URL }: RegistryConfig): string | undefined {
  const base = WEBHOOK_URL ?? (PUBLIC_URL ? `${PUBLIC_URL.replace(/\/$/, '')}/-/webhooks` : undefined);
  return base?.replace(/\/$/, '');
}
