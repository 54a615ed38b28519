import type { CliConfig } from '../config.js';
import type { Part } from '../house/part.js';
import type { Ports } from '../house/ports.js';
import { keepSecret, type Secrets } from '../house/secrets.js';
import { databaseUrl, postgresPart } from './postgres.js';
import type { Primary } from './primary.js';
import { redisPart, redisUrl } from './redis.js';
import { serviceParts } from './services.js';
import { simulatorPart, simulatorSshUrl, simulatorUrl, type SimulatorState } from './simulator.js';

/** What every part is made from. */
export interface Site {
  readonly config: CliConfig;
  readonly dataFolder: string;
  readonly ports: Ports;
  readonly secrets: Secrets;
}

/** The doors first, so that no new work comes in; what the others depend on last. */
export const STOP_ORDER = [
  ['edge'],
  ['auth', 'registry', 'sync', 'lfs'],
  ['bitbucket-sim', 'redis', 'postgres'],
] as const;

export function foundationParts(
  { config, dataFolder, ports, secrets }: Site,
  withSimulator: boolean,
): Part[] {
  return [
    postgresPart({ dataFolder, port: ports.postgres, password: secrets.postgresPassword }),
    redisPart({ dataFolder, port: ports.redis, password: secrets.redisPassword }),
    ...(withSimulator
      ? [simulatorPart({ home: config.home, dataFolder, port: ports.sim, sshPort: ports.simSsh })]
      : []),
  ];
}

export function servicePartsFor({ config, dataFolder, ports, secrets }: Site, primary: Primary): Part[] {
  return serviceParts({
    home: config.home,
    dataFolder,
    ports,
    primary,
    databaseUrl: databaseUrl({ dataFolder, port: ports.postgres, password: secrets.postgresPassword }),
    redisUrl: redisUrl({ dataFolder, port: ports.redis, password: secrets.redisPassword }),
    adminToken: secrets.adminToken,
    secretKey: secrets.secretKey,
  });
}

/** In a house's folder of secrets. */
export const PRIMARY_TOKEN = 'primary-token';

/**
 * How much of the connection the services are told by their settings: all; what the caller's environment says; or
 * nothing, so that somebody connects the mirror later.
 */
export type ToldBySettings = 'workspace' | 'environment' | 'nothing';

/** An empty setting counts as absent, and hides what the caller's environment says. */
export const UNCONNECTED = { workspace: '', tokenFile: '' } as const;

/** The simulator as the primary. */
export async function simulatedPrimary(
  { dataFolder, ports }: Site,
  sim: SimulatorState,
  told: ToldBySettings,
): Promise<Primary> {
  const url = simulatorUrl(ports.sim);
  const known: Primary = {
    kind: 'bitbucket-cloud',
    gitUrl: url,
    apiUrl: `${url}/2.0`,
    sshUrl: simulatorSshUrl(ports.simSsh),
    sshKnownHostsFile: await keepSecret(
      dataFolder,
      'primary-known-hosts',
      [...(sim.ssh?.knownHosts ?? []), ''].join('\n'),
    ),
    ...(sim.oauth ? { oauth: await oauthConsumer(dataFolder, url, sim.oauth) } : {}),
  };
  // Also where nobody connects it now: `antipode connect` wants a file.
  const tokenFile = await keepSecret(dataFolder, PRIMARY_TOKEN, sim.mirrorToken);
  switch (told) {
    case 'workspace':
      return { ...known, workspace: sim.workspace, tokenFile };
    case 'environment':
      return known;
    case 'nothing':
      return { ...known, ...UNCONNECTED };
  }
}

async function oauthConsumer(
  dataFolder: string,
  simulator: string,
  { key, secret }: NonNullable<SimulatorState['oauth']>,
): Promise<NonNullable<Primary['oauth']>> {
  const secretFile = await keepSecret(dataFolder, 'primary-oauth-secret', secret);
  return { url: `${simulator}/site/oauth2`, key, secretFile };
}
