import { join } from 'node:path';
import type { Provider } from '@nestjs/common';
import type { auth } from '@antipode/contracts';
import type { Primary } from '@antipode/primary';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import type { EdgeConfig } from '../config.js';
import { BodyBudget } from '../http/read-body.js';
import { openLfsTokenKey } from '../lfs/lfs-token.js';
import { NetworkList } from '../network/network-list.js';
import { isProxied } from '../network/network-providers.js';
import { Networks } from '../network/networks.js';
import { PushOverHttps } from '../push/push-over-https.js';
import { PUSH_SENTENCES, WAIT_UNTIL_PUBLISHED } from '../push/push-providers.js';
import type { PushSentences } from '../push/push-sentences.js';
import type { WaitUntilPublished } from '../push/wait-until-published.js';
import { Admission } from '../session/admission.js';
import { UploadPackAnswerer } from '../session/answer-upload-pack.js';
import { Hallway } from '../session/hallway.js';
import { PassThrough } from '../session/pass-through.js';
import { ServeFetch } from '../session/serve-fetch.js';
import { PushMetrics } from '../telemetry/push-metrics.js';
import { SshMetrics } from '../telemetry/ssh-metrics.js';
import { Traffic } from '../telemetry/traffic.js';
import { AgentAccess } from './agent/agent-access.js';
import { AgentRelay } from './agent/agent-relay.js';
import { Commands } from './commands/commands.js';
import { openLfsAuthenticate } from './commands/lfs-authenticate.js';
import { PassedUploadPack } from './commands/passed-upload-pack.js';
import { StatefulUploadPack } from './commands/stateful-upload-pack.js';
import { UploadPack } from './commands/upload-pack.js';
import { CommandLimits, ConnectionLimits } from '../network/connection-limits.js';
import type { Command } from './conversation.js';
import { HostKeyRing } from './host-keys.js';
import { KeyDirectory } from './key-directory.js';
import type { Names } from './sentences.js';
import { hasNativeCrypto } from './ssh2-internals.js';
import { SshDoor } from './ssh-door.js';

const MEBI = 1024 * 1024;
/** How long the primary's yes to an agent is believed within one connection. */
const AGENT_VERDICT_MS = 60_000;
const NAMES = Symbol('NAMES');
const RECEIVE_PACK = Symbol('RECEIVE_PACK');

/** Everything that the SSH door needs; `PRIMARY` and `AUTH` are the module's own tokens. */
export function sshProviders(
  config: EdgeConfig,
  { PRIMARY, AUTH }: Record<'PRIMARY' | 'AUTH', symbol>,
): Provider[] {
  return [
    {
      provide: HostKeyRing,
      useFactory: () =>
        new HostKeyRing(config.SSH_HOST_KEYS ?? join(config.ANTIPODE_DATA, 'state', 'ssh-host-keys')),
    },
    {
      provide: KeyDirectory,
      inject: [AUTH],
      useFactory: (client: auth.AuthServiceClient) =>
        new KeyDirectory({
          client,
          timeoutMs: config.AUTH_WAIT_MS,
          rememberMs: config.SSH_KEY_CACHE_SECONDS * 1000,
        }),
    },
    {
      provide: AgentAccess,
      inject: [PRIMARY],
      useFactory: (primary: Primary) => openAgents(config, primary),
    },
    {
      provide: NAMES,
      inject: [PRIMARY, AgentAccess],
      useFactory: (primary: Primary, agents: AgentAccess) => namesOf(config, primary, agents),
    },
    ...commandProviders(config, AUTH),
    {
      provide: SshDoor,
      inject: [
        KeyDirectory,
        Commands,
        NAMES,
        HostKeyRing,
        AgentAccess,
        Networks,
        Traffic,
        HealthChecks,
        LOGGER,
      ],
      useFactory: (
        ...[keys, commands, names, hostKeys, agents, networks, traffic, health, logger]: DoorParts
      ) => openDoor(config, { keys, commands, names, hostKeys, agents, networks, traffic, health, logger }),
    },
  ];
}

type DoorParts = [
  KeyDirectory,
  Commands,
  Names,
  HostKeyRing,
  AgentAccess,
  Networks,
  Traffic,
  HealthChecks,
  Logger,
];

function commandProviders(config: EdgeConfig, AUTH: symbol): Provider[] {
  return [
    {
      provide: AgentRelay,
      inject: [WAIT_UNTIL_PUBLISHED, PUSH_SENTENCES, PushMetrics],
      useFactory: (published: WaitUntilPublished, sentences: PushSentences, metrics: PushMetrics) =>
        new AgentRelay({ published, sentences, metrics, admission: agentAdmission(config) }),
    },
    {
      provide: UploadPack,
      inject: [Hallway, UploadPackAnswerer, PassThrough, ServeFetch, AgentRelay],
      useFactory: (
        hallway: Hallway,
        answerer: UploadPackAnswerer,
        passThrough: PassThrough,
        fetches: ServeFetch,
        agents: AgentRelay,
      ) => openUploadPack(config, { hallway, answerer, passThrough, fetches, agents }),
    },
    {
      provide: RECEIVE_PACK,
      inject: [PushOverHttps, AgentRelay],
      useFactory: (https: PushOverHttps, agents: AgentRelay) => receivePack(config, https, agents),
    },
    {
      provide: Commands,
      inject: [AUTH, Hallway, NAMES, UploadPack, RECEIVE_PACK],
      useFactory: (
        client: auth.AuthServiceClient,
        hallway: Hallway,
        names: Names,
        uploadPack: UploadPack,
        push: Command,
      ) =>
        new Commands({
          client,
          hallway,
          names,
          pushes: config.PUSH,
          services: { 'git-upload-pack': uploadPack.run, 'git-receive-pack': push },
          lfsAuthenticate: openLfsAuthenticate({
            publicUrl: names.publicUrl,
            tokenKey: openLfsTokenKey(config.SECRET_KEY),
          }),
        }),
    },
  ];
}

const openAgents = (config: EdgeConfig, primary: Primary): Promise<AgentAccess> =>
  AgentAccess.open({
    primary,
    knownHostsFile: config.PRIMARY_SSH_KNOWN_HOSTS_FILE,
    timeoutMs: config.PRIMARY_TIMEOUT_SECONDS * 1000,
    rememberMs: AGENT_VERDICT_MS,
  });

const namesOf = (config: EdgeConfig, primary: Primary, agents: AgentAccess): Names => ({
  primary,
  sshUrl: config.SSH_URL ?? `ssh://git@${config.SSH_HOST}:${config.SSH_PORT}`,
  publicUrl: config.PUBLIC_URL.replace(/\/+$/, ''),
  agents: agents.use,
});

const agentAdmission = (config: EdgeConfig): Admission =>
  new Admission({
    concurrency: config.PASS_THROUGH_CONCURRENCY,
    queue: config.FETCH_QUEUE,
    waitMs: config.FETCH_QUEUE_SECONDS * 1000,
  });

/** Who has an account here pushes as that account; who has only an agent pushes with it. */
const receivePack =
  (config: EdgeConfig, https: PushOverHttps, agents: AgentRelay): Command =>
  (conversation, session) =>
    session.caller.kind === 'agent' && config.PUSH === 'relay'
      ? agents.push(conversation, session)
      : https.run(conversation, session);

function openUploadPack(
  config: EdgeConfig,
  around: {
    hallway: Hallway;
    answerer: UploadPackAnswerer;
    passThrough: PassThrough;
    fetches: ServeFetch;
    agents: AgentRelay;
  },
): UploadPack {
  const requests = {
    maxBytes: config.REQUEST_MAX_MIB * MEBI,
    budget: new BodyBudget(config.REQUEST_MEMORY_MIB * MEBI),
  };
  const passed = new PassedUploadPack({ ...around, requests });
  return new UploadPack({
    ...around,
    requests,
    stateful: new StatefulUploadPack({ ...around, requests, passed }),
  });
}

function openDoor(
  config: EdgeConfig,
  around: {
    keys: KeyDirectory;
    commands: Commands;
    names: Names;
    hostKeys: HostKeyRing;
    agents: AgentAccess;
    networks: Networks;
    traffic: Traffic;
    health: HealthChecks;
    logger: Logger;
  },
): SshDoor {
  const { agents, health } = around;
  const connectionLimits = new ConnectionLimits({
    connections: config.SSH_CONNECTIONS,
    perAddress: config.SSH_CONNECTIONS_PER_ADDRESS,
    strangers: config.SSH_STRANGERS,
  });
  health.observe('ssh-native-ciphers', () => {
    if (!hasNativeCrypto()) throw new Error('not built: ciphers run in JavaScript, which is slower');
  });
  return new SshDoor({
    ...around,
    host: config.SSH_HOST,
    port: config.SSH_PORT,
    proxies: isProxied('ssh', config) ? new NetworkList(config.TRUSTED_PROXIES) : undefined,
    shutdownMs: config.SHUTDOWN_SECONDS * 1000,
    maxTries: config.SSH_AUTH_TRIES,
    loginMs: config.SSH_LOGIN_SECONDS * 1000,
    limits: {
      idleMs: config.SSH_IDLE_SECONDS * 1000,
      totalMs: config.STREAM_TOTAL_SECONDS * 1000,
      maxSessions: config.SSH_SESSIONS_PER_CONNECTION,
    },
    connectionLimits,
    commandLimits: new CommandLimits(config.SSH_COMMANDS_PER_PRINCIPAL),
    openAgent: (client) => agents.callerOf(client),
    metrics: new SshMetrics(() => connectionLimits.counts),
  });
}
