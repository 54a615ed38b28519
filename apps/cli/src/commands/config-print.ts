import { join, resolve } from 'node:path';
import { inheritedEnvironment } from '../config.js';
import { readRecord } from '../house/journal.js';
import { DEFAULT_PORT_BASE, portsFrom, type Ports } from '../house/ports.js';
import { DEFAULT_DATA } from '../mirror/find-mirror.js';
import { UNCONNECTED } from '../parts/all-parts.js';
import { databaseUrl } from '../parts/postgres.js';
import type { Primary } from '../parts/primary.js';
import { redisUrl } from '../parts/redis.js';
import { SERVICE_NAMES, serviceSettings, type ServiceName } from '../parts/services.js';
import { simulatorSshUrl, simulatorUrl } from '../parts/simulator.js';
import type { Answer } from '../screen/answer.js';
import { table, type Paper } from '../screen/paper.js';
import { askService } from '../settings/ask-service.js';
import { CONCEALED, conceal } from '../settings/conceal.js';
import { EXIT, stoppedShort } from '../stopped-short.js';
import { primaryFrom, type UpOptions } from './up-settings.js';

export type PrintOptions = Partial<Omit<UpOptions, 'demo' | 'detach' | 'json'>>;

/** One setting of one service. */
interface Setting {
  readonly name: string;
  readonly value: unknown;
  /** Where it comes from, in words. */
  readonly from: string;
}

interface ServiceView {
  readonly service: ServiceName;
  readonly settings: readonly Setting[];
  /** The service's own sentence where it would refuse to start. */
  readonly wrong: string | null;
}

/** `config print`: the settings that `up` with the same options and environment would give each service. */
export async function printConfig(
  service: string | undefined,
  options: PrintOptions,
  { home }: { home: string },
  env: NodeJS.ProcessEnv | undefined = undefined,
): Promise<Answer> {
  const names = SERVICE_NAMES.filter((name) => service === undefined || name === service);
  if (names.length === 0)
    throw stoppedShort(
      'not_found',
      `There is no service "${service ?? ''}". There are ${SERVICE_NAMES.join(', ')}.`,
    );
  const dataFolder = resolve(options.data ?? DEFAULT_DATA);
  // Where a house runs its ports are the ones that are meant.
  const portBase = options.portBase ?? (await readRecord(dataFolder))?.portBase ?? DEFAULT_PORT_BASE;
  const inherited = inheritedEnvironment(env);
  const site = { home, dataFolder, ports: portsFrom(portBase), options, inherited };
  const services = await Promise.all(names.map((name) => viewOf(name, site)));
  return {
    json: { services },
    text: (paper) => services.map((view) => viewText(paper, view)).join('\n'),
    exit: services.some(({ wrong }) => wrong !== null) ? EXIT.failed : EXIT.ok,
  };
}

interface Site {
  readonly home: string;
  readonly dataFolder: string;
  readonly ports: Ports;
  readonly options: PrintOptions;
  readonly inherited: Readonly<Record<string, string>>;
}

async function viewOf(service: ServiceName, site: Site): Promise<ServiceView> {
  const { inherited } = site;
  const ours = settingsFor(service, site);
  const answer = await askService(site.home, service, { ...inherited, ...ours });
  if ('wrong' in answer) return { service, settings: [], wrong: answer.wrong };
  const settings = Object.entries(answer.settings).map(([name, value]) => ({
    name,
    // As it was written, where somebody wrote it: the service may have made something else of it.
    value: conceal(name, ours[name] ?? (inherited[name] || value)),
    from: sourceOf(name, { ours, inherited, simulated: site.options.primary === undefined }),
  }));
  return { service, settings, wrong: null };
}

/** Secrets are not even read: what stands here in their place has their form. */
function settingsFor(
  service: ServiceName,
  { home, dataFolder, ports, options }: Site,
): Record<string, string> {
  const password = CONCEALED;
  return serviceSettings(service, {
    home,
    dataFolder,
    ports,
    databaseUrl: databaseUrl({ dataFolder, port: ports.postgres, password }),
    redisUrl: redisUrl({ dataFolder, port: ports.redis, password }),
    adminToken: '0'.repeat(64),
    secretKey: '0'.repeat(64),
    primary:
      primaryFrom({ data: dataFolder, portBase: 0, demo: false, ...options }) ??
      simulated(dataFolder, ports, options),
  });
}

/** The simulator says at its start which workspace it has. */
const TOLD_AT_START = 'told-by-the-simulator';

function simulated(dataFolder: string, ports: Ports, { unconnected }: PrintOptions): Primary {
  const url = simulatorUrl(ports.sim);
  const secrets = join(dataFolder, 'secrets');
  return {
    kind: 'bitbucket-cloud',
    gitUrl: url,
    apiUrl: `${url}/2.0`,
    sshUrl: simulatorSshUrl(ports.simSsh),
    sshKnownHostsFile: join(secrets, 'primary-known-hosts'),
    workspace: TOLD_AT_START,
    tokenFile: join(secrets, 'primary-token'),
    oauth: {
      url: `${url}/site/oauth2`,
      key: TOLD_AT_START,
      secretFile: join(secrets, 'primary-oauth-secret'),
    },
    ...(unconnected ? UNCONNECTED : {}),
  };
}

const SECRETS: ReadonlySet<string> = new Set(['ADMIN_TOKEN', 'SECRET_KEY', 'DATABASE_URL', 'REDIS_URL']);

function sourceOf(
  name: string,
  {
    ours,
    inherited,
    simulated,
  }: {
    ours: Readonly<Record<string, string>>;
    inherited: Readonly<Record<string, string>>;
    simulated: boolean;
  },
): string {
  if (!(name in ours)) return inherited[name] ? 'environment' : 'default';
  if (name.startsWith('PRIMARY_')) return simulated ? 'the simulator' : 'options of up';
  if (SECRETS.has(name)) return 'secrets/ of the data folder';
  if (name === 'ANTIPODE_DATA') return '--data';
  return name === 'ANTIPODE_SUPERVISED' ? 'antipode up' : '--port-base';
}

function viewText(paper: Paper, { service, settings, wrong }: ServiceView): string {
  const title = `${paper.colours.bold(service)}\n`;
  if (wrong !== null) return `${title}${paper.colours.red(wrong)}\n`;
  const rows = settings.map(({ name, value, from }) => [name, textOf(value), paper.colours.dim(from)]);
  return title + table(paper, ['SETTING', 'VALUE', 'FROM'], rows, 1);
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
