import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout (or image) that holds `apps/`: three folders above this file, in src/ and in dist/ alike. */
const ownCheckout = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

export interface CliConfig {
  /** Where `apps/<name>/dist/main.js` are. ANTIPODE_HOME moves it, for tests and unusual installations. */
  readonly home: string;
  /** True in the process that `up --detach` leaves behind. */
  readonly detached: boolean;
  /** Seconds that a part may take to get ready. */
  readonly readySeconds: number;
}

/** The command line's own settings. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): CliConfig {
  return {
    home: env['ANTIPODE_HOME'] ? resolve(env['ANTIPODE_HOME']) : ownCheckout,
    detached: env['ANTIPODE_DETACHED'] === '1',
    readySeconds: Number(env['ANTIPODE_READY_SECONDS'] ?? 120),
  };
}

/** Which mirror the person means, as the environment says it. An empty variable counts as absent. */
export interface MirrorSettings {
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  /** The name of a file in `profileFolder`. */
  readonly profile: string | undefined;
  /** `~/.config/antipode`, or where XDG_CONFIG_HOME moves it. */
  readonly profileFolder: string;
}

export function readMirrorSettings(env: NodeJS.ProcessEnv = process.env): MirrorSettings {
  return {
    url: env['ANTIPODE_URL'] || undefined,
    token: env['ANTIPODE_TOKEN'] || undefined,
    tokenFile: env['ANTIPODE_TOKEN_FILE'] || undefined,
    profile: env['ANTIPODE_PROFILE'] || undefined,
    profileFolder: join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'antipode'),
  };
}

/** Settings which are ours alone, or which would change what a child does without anybody meaning it. */
const KEPT_BACK = [
  /^npm_/i,
  /^INIT_CWD$/,
  // A jest or a debugger that started us must not reach into the services.
  /^NODE_(OPTIONS|CHANNEL_FD|CHANNEL_SERIALIZATION_MODE|UNIQUE_ID|V8_COVERAGE)$/,
  /^JEST_/,
  /^ANTIPODE_(HOME|DETACHED|READY_SECONDS|SUPERVISED|URL|TOKEN|TOKEN_FILE|PROFILE)$/,
  // GIT_DIR and the like are set where a hook or `git bisect run` started us.
  /^GIT_(?!SSL_)/,
];

/** What every part inherits: the caller's environment, so that a service's setting can be given to `up`. */
export function inheritedEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const kept = Object.entries(env).filter(([key]) => !KEPT_BACK.some((pattern) => pattern.test(key)));
  return Object.fromEntries(kept.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Folders to look for programs in. */
export const searchPath = (env: NodeJS.ProcessEnv = process.env): string =>
  env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';

/** The environment of the process that `up --detach` leaves behind. */
export const detachedEnvironment = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv => ({
  ...env,
  ANTIPODE_DETACHED: '1',
});

/** Who typed sudo, where somebody did. */
export function sudoCaller(env: NodeJS.ProcessEnv = process.env): number | undefined {
  const uid = Number(env['SUDO_UID'] ?? 0);
  return Number.isInteger(uid) && uid > 0 ? uid : undefined;
}
