import { join } from 'node:path';
import type { DynamicModule, OnApplicationShutdown, OnModuleInit, Provider } from '@nestjs/common';
import { auth, registry, sync } from '@antipode/contracts';
import { MirrorDisk } from '@antipode/mirror-disk';
import { createPrimary, type Primary } from '@antipode/primary';
import { openClient, RepositoryTable } from '@antipode/rpc';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import type { EdgeConfig } from './config.js';
import { GitRoutes } from './http/git-routes.js';
import { LiveStreams } from './http/live-streams.js';
import { HttpDoor } from './http/http-door.js';
import { LfsObjects } from './http/lfs-objects.js';
import { LfsRoutes } from './http/lfs-routes.js';
import { OwnProxy } from './http/own-proxy.js';
import { BodyBudget, bodyTotalMs } from './http/read-body.js';
import { PushRoutes } from './http/push-routes.js';
import { lfsProviders } from './lfs/lfs-providers.js';
import { NetworkList } from './network/network-list.js';
import { isProxied, networkProvider } from './network/network-providers.js';
import { Networks } from './network/networks.js';
import { pushProviders } from './push/push-providers.js';
import { Admission } from './session/admission.js';
import { UploadPackAnswerer } from './session/answer-upload-pack.js';
import { ChooseSource } from './session/choose-source.js';
import { Freshness } from './session/freshness.js';
import { Hallway } from './session/hallway.js';
import { Mirrors } from './session/mirrors.js';
import { PassThrough } from './session/pass-through.js';
import { RefAnswers } from './session/ref-answers.js';
import { ServeFetch } from './session/serve-fetch.js';
import { openRelayAuthorization } from './session/relay-authorization.js';
import { Verdicts } from './session/verdicts.js';
import { HostKeyRing } from './ssh/host-keys.js';
import { sshProviders } from './ssh/ssh-providers.js';
import { EdgeMetrics } from './telemetry/edge-metrics.js';
import { Traffic } from './telemetry/traffic.js';
import { TrafficReporter } from './telemetry/traffic-reporter.js';

const MEBI = 1024 * 1024;
const AGENT = 'antipode/0.1.0';
/** The injection token of `OpenTable`. */
export const TABLE = Symbol('TABLE');
const PRIMARY = Symbol('PRIMARY');
const AUTH = Symbol('AUTH');

/** The table of repositories, open while the edge is. */
export class OpenTable implements OnModuleInit, OnApplicationShutdown {
  constructor(readonly table: RepositoryTable) {}

  onModuleInit(): Promise<void> {
    return this.table.open();
  }

  onApplicationShutdown(): Promise<void> {
    return this.table.close();
  }
}

export function edgeModule(config: EdgeConfig): DynamicModule {
  class EdgeModule {}
  const registryClient = openClient(registry.RegistryServiceClient, config.REGISTRY_GRPC, config);
  const providers: Provider[] = [
    { provide: PRIMARY, useFactory: () => createPrimary(config) },
    {
      provide: TABLE,
      inject: [LOGGER, HealthChecks],
      useFactory: (logger: Logger, health: HealthChecks) => openTable(config, registryClient, logger, health),
    },
    ...sessionProviders(config, registryClient),
    ...pushProviders(config, { PRIMARY, AUTH }),
    ...lfsProviders(config, { PRIMARY, AUTH, TABLE }),
    networkProvider(config),
    ...trafficProviders(config, registryClient),
    ...doorProviders(config),
    ...sshProviders(config, { PRIMARY, AUTH }),
  ];
  return { module: EdgeModule, providers };
}

function openTable(
  config: EdgeConfig,
  client: registry.RegistryServiceClient,
  logger: Logger,
  health: HealthChecks,
): OpenTable {
  const table = new RepositoryTable({
    client,
    node: config.ANTIPODE_NODE,
    file: join(config.ANTIPODE_DATA, 'state', 'edge-repositories.json'),
    onLost: (error) => logger.warn({ err: error }, 'lost the registry; serving on with what is known'),
  });
  health.add('repositories', () => {
    if (!table.isKnown) throw new Error('the registry has not told yet which repositories there are');
  });
  return new OpenTable(table);
}

function sessionProviders(config: EdgeConfig, registryClient: registry.RegistryServiceClient): Provider[] {
  const fetchAdmission = new Admission({
    concurrency: config.FETCH_CONCURRENCY,
    queue: config.FETCH_QUEUE,
    waitMs: config.FETCH_QUEUE_SECONDS * 1000,
  });
  return [
    { provide: AUTH, useFactory: () => openClient(auth.AuthServiceClient, config.AUTH_GRPC, config) },
    {
      provide: Verdicts,
      inject: [AUTH],
      useFactory: (client: auth.AuthServiceClient) =>
        new Verdicts({
          client,
          secretKey: Buffer.from(config.SECRET_KEY, 'hex'),
          timeoutMs: config.AUTH_WAIT_MS,
          maxEntries: config.VERDICT_CACHE_ENTRIES,
        }),
    },
    {
      provide: Hallway,
      inject: [PRIMARY, TABLE, Verdicts, Networks],
      useFactory: (primary: Primary, { table }: OpenTable, verdicts: Verdicts, networks: Networks) =>
        new Hallway({ primary, table, verdicts, networks, registry: registryClient }),
    },
    {
      provide: Mirrors,
      useFactory: () =>
        new Mirrors(
          new MirrorDisk(join(config.ANTIPODE_DATA, 'repositories')),
          config.SNAPSHOT_CACHE_MIB * MEBI,
        ),
    },
    {
      provide: ServeFetch,
      inject: [Mirrors],
      useFactory: (mirrors: Mirrors) => new ServeFetch(mirrors, fetchAdmission),
    },
    {
      provide: ChooseSource,
      inject: [Mirrors],
      useFactory: (mirrors: Mirrors) =>
        new ChooseSource(mirrors, openFreshness(config), config.OUTAGE_POLICY),
    },
    {
      provide: UploadPackAnswerer,
      inject: [ChooseSource, ServeFetch, PRIMARY],
      useFactory: (choose: ChooseSource, fetches: ServeFetch, primary: Primary) =>
        new UploadPackAnswerer(choose, new RefAnswers(AGENT, config.ANSWER_CACHE_MIB * MEBI), fetches, {
          node: config.ANTIPODE_NODE,
          primaryName: primary.displayName,
        }),
    },
  ];
}

function trafficProviders(config: EdgeConfig, client: registry.RegistryServiceClient): Provider[] {
  return [
    { provide: Traffic, useFactory: () => new Traffic() },
    {
      provide: TrafficReporter,
      inject: [Traffic],
      useFactory: (traffic: Traffic) => new TrafficReporter({ client, node: config.ANTIPODE_NODE, traffic }),
    },
  ];
}

const openFreshness = (config: EdgeConfig): Freshness =>
  new Freshness({
    client: openClient(sync.SyncServiceClient, config.SYNC_GRPC, config),
    policy: config.FRESHNESS,
    waitMs: config.FRESH_WAIT_MS,
    eventMaxAgeMs: config.EVENT_MAX_AGE_SECONDS * 1000,
  });

function doorProviders(config: EdgeConfig): Provider[] {
  const idleMs = config.STREAM_IDLE_SECONDS * 1000;
  const passAdmission = new Admission({
    concurrency: config.PASS_THROUGH_CONCURRENCY,
    queue: config.FETCH_QUEUE,
    waitMs: config.FETCH_QUEUE_SECONDS * 1000,
  });
  return [
    httpDoor(config, passAdmission),
    {
      provide: PassThrough,
      inject: [PRIMARY, AUTH],
      useFactory: (primary: Primary, client: auth.AuthServiceClient) =>
        new PassThrough({
          primary,
          authorization: openRelayAuthorization({ primary, client, timeoutMs: config.AUTH_WAIT_MS }),
          admission: passAdmission,
          waitMs: config.PASS_THROUGH_WAIT_SECONDS * 1000,
          idleMs,
        }),
    },
    {
      provide: GitRoutes,
      inject: [PRIMARY, Hallway, UploadPackAnswerer, PassThrough, PushRoutes],
      useFactory: (
        primary: Primary,
        hallway: Hallway,
        answerer: UploadPackAnswerer,
        passThrough: PassThrough,
        push: PushRoutes,
      ) =>
        new GitRoutes({
          primary,
          hallway,
          answerer,
          passThrough,
          push,
          limits: { idleMs, totalMs: config.STREAM_TOTAL_SECONDS * 1000 },
          body: {
            maxBytes: config.REQUEST_MAX_MIB * MEBI,
            budget: new BodyBudget(config.REQUEST_MEMORY_MIB * MEBI),
            idleMs,
            totalMs: bodyTotalMs(config.REQUEST_MAX_MIB * MEBI),
          },
        }),
    },
  ];
}

type HttpDoorParts = [
  Primary,
  GitRoutes,
  LfsRoutes,
  LfsObjects,
  ServeFetch,
  HostKeyRing,
  Networks,
  Traffic,
  Logger,
];

function httpDoor(config: EdgeConfig, passAdmission: Admission): Provider {
  return {
    provide: HttpDoor,
    inject: [PRIMARY, GitRoutes, LfsRoutes, LfsObjects, ServeFetch, HostKeyRing, Networks, Traffic, LOGGER],
    useFactory: (
      ...[primary, git, lfs, lfsObjects, fetches, hostKeys, networks, traffic, logger]: HttpDoorParts
    ) =>
      new HttpDoor({
        host: config.HTTP_HOST,
        port: config.HTTP_PORT,
        trustedProxies: new NetworkList(config.TRUSTED_PROXIES),
        proxyProtocol: isProxied('http', config) ? 'on' : 'off',
        networks,
        traffic,
        shutdownMs: config.SHUTDOWN_SECONDS * 1000,
        primary,
        git,
        lfs,
        lfsObjects,
        own: ownProxy(config.REGISTRY_HTTP, MEBI),
        forEverybody: ownProxy(config.REGISTRY_HTTP, 16 * MEBI),
        link: ownProxy(config.AUTH_HTTP, MEBI),
        live: openLiveStreams(config),
        hostKeys,
        metrics: new EdgeMetrics(() => ({ git: fetches.counts, passThrough: passAdmission.counts })),
        logger,
      }),
  };
}

/** One budget for the bodies of each: nobody who fills it keeps webhooks out. */
const ownProxy = (target: string, maxBytes: number): OwnProxy =>
  new OwnProxy({
    target,
    body: { maxBytes, budget: new BodyBudget(4 * maxBytes + 64 * MEBI), idleMs: 10_000, totalMs: 30_000 },
    timeoutMs: 60_000,
    connections: 64,
    perAddress: 32,
    limits: { idleMs: 30_000, totalMs: 300_000 },
  });

const openLiveStreams = (config: EdgeConfig): LiveStreams =>
  new LiveStreams({
    target: config.REGISTRY_HTTP,
    streams: config.LIVE_STREAMS,
    perAddress: config.LIVE_STREAMS_PER_ADDRESS,
    idleMs: config.STREAM_IDLE_SECONDS * 1000,
  });
