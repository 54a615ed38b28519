import { join } from 'node:path';
import { inheritedEnvironment } from '../config.js';
import type { Part } from '../house/part.js';
import type { Ports } from '../house/ports.js';
import { requireHttpReady } from './http-ready.js';
import type { Primary } from './primary.js';

export interface ServicesOptions {
  /** Where `apps/` is. */
  readonly home: string;
  readonly dataFolder: string;
  readonly ports: Ports;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly adminToken: string;
  readonly secretKey: string;
  readonly primary: Primary;
}

export type ServiceName = 'auth' | 'registry' | 'sync' | 'lfs' | 'edge';

export const publicUrl = (ports: Ports): string => `http://127.0.0.1:${ports.edgeHttp}`;
export const publicSshUrl = (ports: Ports): string => `ssh://git@127.0.0.1:${ports.edgeSsh}`;

/** Antipode's own five services, each with the settings of docs and READMEs, by environment. */
export function serviceParts(options: ServicesOptions): Part[] {
  return SERVICE_NAMES.map((name) => servicePart(name, options));
}

const TITLES: Record<ServiceName, string> = {
  auth: 'asks the primary who may read what',
  registry: 'connection, selection, webhooks',
  sync: 'keeps the mirror repositories fresh',
  lfs: 'large files',
  edge: 'the door for git',
};

// The keys of a Record are exactly its names.
export const SERVICE_NAMES = Object.keys(TITLES) as readonly ServiceName[];

/** What a service is told by us, and not by the caller's environment. */
export const serviceSettings = (name: ServiceName, options: ServicesOptions): Record<string, string> => ({
  ...sharedSettings(options),
  ...primarySettings(options.primary),
  ...listenSettings(ownPorts(options.ports)[name]),
});

function servicePart(name: ServiceName, options: ServicesOptions): Part {
  const listens = ownPorts(options.ports)[name];
  return {
    name,
    title: TITLES[name],
    ports: Object.values(listens),
    stopSignal: 'SIGTERM',
    prepare: () =>
      Promise.resolve({
        file: process.execPath,
        args: ['--enable-source-maps', join(options.home, 'apps', name, 'dist/main.js')],
        env: { ...inheritedEnvironment(), ...serviceSettings(name, options) },
        cwd: options.home,
        watchesStdin: true,
      }),
    checkReady: () => requireHttpReady(`http://127.0.0.1:${listens.ops}/readyz`),
  };
}

interface Listens {
  readonly ops: number;
  readonly grpc?: number;
  readonly http?: number;
  readonly ssh?: number;
}

const ownPorts = (ports: Ports): Record<ServiceName, Listens> => ({
  auth: { ops: ports.authOps, grpc: ports.authGrpc, http: ports.authHttp },
  registry: { ops: ports.registryOps, grpc: ports.registryGrpc, http: ports.registryHttp },
  sync: { ops: ports.syncOps, grpc: ports.syncGrpc },
  lfs: { ops: ports.lfsOps, grpc: ports.lfsGrpc, http: ports.lfsHttp },
  edge: { ops: ports.edgeOps, http: ports.edgeHttp, ssh: ports.edgeSsh },
});

const listenSettings = ({ ops, grpc, http, ssh }: Listens): Record<string, string> => ({
  OPS_HOST: '127.0.0.1',
  OPS_PORT: String(ops),
  ...(grpc === undefined ? {} : { GRPC_LISTEN: `127.0.0.1:${grpc}` }),
  ...(http === undefined ? {} : { HTTP_HOST: '127.0.0.1', HTTP_PORT: String(http) }),
  ...(ssh === undefined ? {} : { SSH_HOST: '127.0.0.1', SSH_PORT: String(ssh) }),
});

function sharedSettings({ dataFolder, ports, ...options }: ServicesOptions): Record<string, string> {
  return {
    ANTIPODE_SUPERVISED: '1',
    ANTIPODE_DATA: dataFolder,
    REGISTRY_GRPC: `127.0.0.1:${ports.registryGrpc}`,
    AUTH_GRPC: `127.0.0.1:${ports.authGrpc}`,
    SYNC_GRPC: `127.0.0.1:${ports.syncGrpc}`,
    LFS_GRPC: `127.0.0.1:${ports.lfsGrpc}`,
    REGISTRY_HTTP: `http://127.0.0.1:${ports.registryHttp}`,
    DATABASE_URL: options.databaseUrl,
    REDIS_URL: options.redisUrl,
    AUTH_HTTP: `http://127.0.0.1:${ports.authHttp}`,
    LFS_HTTP: `http://127.0.0.1:${ports.lfsHttp}`,
    PUBLIC_URL: publicUrl(ports),
    SSH_URL: publicSshUrl(ports),
    ADMIN_TOKEN: options.adminToken,
    SECRET_KEY: options.secretKey,
  };
}

/** Only what is known: a setting that is absent leaves the service's default, or what the caller's environment says. */
function primarySettings(primary: Primary): Record<string, string> {
  const settings = {
    PRIMARY_KIND: primary.kind,
    PRIMARY_GIT_URL: primary.gitUrl,
    PRIMARY_API_URL: primary.apiUrl,
    PRIMARY_WORKSPACE: primary.workspace,
    PRIMARY_TOKEN_FILE: primary.tokenFile,
    PRIMARY_SSH_URL: primary.sshUrl,
    PRIMARY_SSH_KNOWN_HOSTS_FILE: primary.sshKnownHostsFile,
    PRIMARY_OAUTH_URL: primary.oauth?.url,
    PRIMARY_OAUTH_KEY: primary.oauth?.key,
    PRIMARY_OAUTH_SECRET_FILE: primary.oauth?.secretFile,
    PRIMARY_REPOSITORIES: primary.repositories?.join(','),
    PRIMARY_ON_DEMAND: primary.onDemand === undefined ? undefined : String(primary.onDemand),
  };
  return Object.fromEntries(
    Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
