import type { PrintOptions } from '../commands/config-print.js';
import type { LogsOptions } from '../commands/logs.js';
import type { PolicyChange } from '../mirror/mirror-client.js';
import type { Repair } from '../commands/repair.js';
import type { ListOptions } from '../commands/repos.js';
import type { UpOptions } from '../commands/up-settings.js';
import type { MirrorOptions } from '../mirror/find-mirror.js';

/** What every command that talks to a mirror is given. */
export interface AskOptions extends MirrorOptions {
  readonly json?: true;
}

/** `connect` has another `--token-file`: that of the workspace. */
export interface ConnectOptions extends Omit<AskOptions, 'tokenFile'> {
  readonly adminTokenFile?: string;
  readonly workspace: string;
  /** `-`: stdin. */
  readonly tokenFile: string;
  readonly email?: string;
  readonly username?: string;
}

/** What the command line can ask for. */
export interface Actions {
  up(options: UpOptions): Promise<void>;
  down(options: { data: string; json?: true }): Promise<void>;
  sim(options: { data: string; portBase: number; json?: true }): Promise<void>;
  status(options: AskOptions & { watch?: true; interval: number }): Promise<void>;
  doctor(options: AskOptions): Promise<void>;
  logs(part: string | undefined, options: LogsOptions): Promise<void>;
  printConfig(service: string | undefined, options: PrintOptions & { json?: true }): Promise<void>;
  connect(options: ConnectOptions): Promise<void>;
  disconnect(options: AskOptions & { now?: true; yes?: true }): Promise<void>;
  listProjects(options: AskOptions): Promise<void>;
  addProjects(keys: string[], options: AskOptions): Promise<void>;
  removeProjects(
    keys: string[],
    options: AskOptions & { dryRun?: true; allowNarrowing?: true },
  ): Promise<void>;
  allProjects(options: AskOptions): Promise<void>;
  listRepositories(options: AskOptions & ListOptions): Promise<void>;
  showRepository(name: string, options: AskOptions): Promise<void>;
  syncRepositories(names: string[], options: AskOptions & { wait?: number | true }): Promise<void>;
  projectPolicy(key: string, options: AskOptions & PolicyChange): Promise<void>;
  repairRepositories(
    how: Repair,
    names: string[],
    options: AskOptions & { readonly wait: boolean },
  ): Promise<void>;
  listWebhooks(options: AskOptions): Promise<void>;
  addWebhook(
    url: string,
    options: AskOptions & { readonly secretFile: string; readonly event?: string[] },
  ): Promise<void>;
  removeWebhook(id: string, options: AskOptions): Promise<void>;
  pingWebhook(id: string, options: AskOptions): Promise<void>;
  listMirrors(options: AskOptions): Promise<void>;
  cloneUrl(name: string, options: AskOptions & { ssh?: true }): Promise<void>;
}
