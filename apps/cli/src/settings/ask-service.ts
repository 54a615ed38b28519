import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { stoppedShort } from '../stopped-short.js';

/** Run in the service's place: its own schema reads the settings, so that defaults and complaints are its own. */
const PROGRAM = `
const { readConfig } = await import(process.argv[1]);
try {
  process.stdout.write(JSON.stringify({ settings: readConfig() }));
} catch (error) {
  process.stdout.write(JSON.stringify({ wrong: error.hint ?? error.message }));
}`;

const ANSWER_MS = 30_000;

export type ServiceAnswer =
  | { readonly settings: Readonly<Record<string, unknown>> }
  /** The service's own sentence: it names settings, never their values. */
  | { readonly wrong: string };

/** What a service would make of an environment, by its own `src/config.ts`. Nothing of the service is started. */
export async function askService(
  home: string,
  service: string,
  env: Readonly<Record<string, string>>,
): Promise<ServiceAnswer> {
  const file = join(home, 'apps', service, 'dist/config.js');
  if (!existsSync(file))
    throw stoppedShort(
      'unsupported',
      `${service} is not built (there is no ${file}): \`npm start\` builds it.`,
    );
  const args = ['--input-type=module', '-e', PROGRAM, pathToFileURL(file).href];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: ANSWER_MS });
  return JSON.parse(stdout) as ServiceAnswer;
}
