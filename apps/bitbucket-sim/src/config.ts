import { z } from 'zod';

/** Settings of the process. The command line wins over the environment. */
const schema = z.object({
  port: z.coerce.number().int().min(0).max(65_535).default(7992),
  sshPort: z.coerce.number().int().min(0).max(65_535).default(0),
  /** Of the host that hands large files out; 0 is any. */
  mediaPort: z.coerce.number().int().min(0).max(65_535).default(0),
  host: z.string().min(1).default('127.0.0.1'),
  data: z.string({ error: 'say where to keep the data: --data DIR' }).min(1),
  sample: z.union([z.boolean(), z.stringbool()]).default(false),
  /** Base of links in webhook payloads; the address listened on by default. */
  publicUrl: z.url().optional(),
  /** Ends when standard input closes: the supervisor is gone. */
  supervised: z.union([z.boolean(), z.stringbool()]).default(false),
});

export type SimulatorConfig = z.output<typeof schema>;

export function readConfig(
  options: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv = process.env,
): SimulatorConfig {
  const fromEnvironment = {
    port: env['HTTP_PORT'],
    sshPort: env['SSH_PORT'],
    mediaPort: env['MEDIA_PORT'],
    host: env['HTTP_HOST'],
    data: env['SIM_DATA'],
    sample: env['SIM_SAMPLE'],
    publicUrl: env['SIM_PUBLIC_URL'],
    supervised: env['ANTIPODE_SUPERVISED'],
  };
  const given = Object.fromEntries(
    Object.entries({ ...fromEnvironment }).filter(([, value]) => value !== undefined),
  );
  const typed = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return schema.parse({ ...given, ...typed });
}
