import { z } from 'zod';
import { AntipodeError } from '@antipode/errors';

/** Settings that every service has. */
export const opsSettings = {
  ANTIPODE_NODE: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes')
    .default('local'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  OPS_HOST: z.string().default('127.0.0.1'),
  OPS_PORT: z.coerce.number().int().min(0).max(65535).default(0),
  /** Longest wait for streams to finish after SIGTERM. */
  SHUTDOWN_SECONDS: z.coerce.number().int().min(0).max(3600).default(25),
  /** Set by a supervisor: the service ends when its stdin closes, so that it never outlives it. */
  ANTIPODE_SUPERVISED: z.enum(['0', '1']).default('0'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
};

export type OpsConfig = z.infer<z.ZodObject<typeof opsSettings>>;

/**
 * Reads the settings of a service from the environment, once, at start.
 *
 * @throws AntipodeError `invalid`; its hint lists every wrong setting by name, without its value (it may be secret).
 */
export function loadConfig<Schema extends z.ZodType>(
  schema: Schema,
  env: NodeJS.ProcessEnv = process.env,
): z.infer<Schema> {
  // An empty variable means "not set", as people write it in compose files and manifests.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new AntipodeError(
    'invalid',
    'reading the settings',
    { problems },
    { hint: `Wrong settings: ${problems.join('; ')}` },
  );
}
