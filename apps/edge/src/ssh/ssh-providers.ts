import { join } from 'node:path';
import type { Provider } from '@nestjs/common';
import type { auth } from '@antipode/contracts';
import type { Primary } from '@antipode/primary';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import type { EdgeConfig } from '../config.js';
import { BodyBudget } from '../http/read-body.js';
import { PushOverHttps } from '../push/push-over-https.js';
import { UploadPackAnswerer } from '../session/answer-upload-pack.js';
import { Hallway } from '../session/hallway.js';
import { PassThrough } from '../session/pass-through.js';
import { ServeFetch } from '../session/serve-fetch.js';
import { SshMetrics } from '../telemetry/ssh-metrics.js';
import { Commands } from './commands/commands.js';
import { PassedUploadPack } from './commands/passed-upload-pack.js';
import { StatefulUploadPack } from './commands/stateful-upload-pack.js';
import { UploadPack } from './commands/upload-pack.js';
import { CommandLimits, ConnectionLimits } from './connection-limits.js';
import { HostKeyRing } from './host-keys.js';
import { KeyDirectory } from './key-directory.js';
import type { Names } from './sentences.js';
import { hasNativeCrypto } from './ssh2-internals.js';
import { SshDoor } from './ssh-door.js';

const MEBI = 1024 * 1024;
const NAMES = Symbol('NAMES');

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
    { provide: NAMES, inject: [PRIMARY], useFactory: (primary: Primary) => namesOf(config, primary) },
    {
      provide: UploadPack,
      inject: [Hallway, UploadPackAnswerer, PassThrough, ServeFetch],
      useFactory: (
        hallway: Hallway,
        answerer: UploadPackAnswerer,
        passThrough: PassThrough,
        fetches: ServeFetch,
      ) => openUploadPack(config, { hallway, answerer, passThrough, fetches }),
    },
    {
      provide: Commands,
      inject: [AUTH, Hallway, NAMES, UploadPack, PushOverHttps],
      useFactory: (
        client: auth.AuthServiceClient,
        hallway: Hallway,
        names: Names,
        uploadPack: UploadPack,
        push: PushOverHttps,
      ) =>
        new Commands({
          client,
          hallway,
          names,
          services: { 'git-upload-pack': uploadPack.run, 'git-receive-pack': push.run },
        }),
    },
    {
      provide: SshDoor,
      inject: [AUTH, Commands, NAMES, HostKeyRing, HealthChecks, LOGGER],
      useFactory: (...[client, commands, names, hostKeys, health, logger]: DoorParts) =>
        openDoor(config, { client, commands, names, hostKeys, health, logger }),
    },
  ];
}

type DoorParts = [auth.AuthServiceClient, Commands, Names, HostKeyRing, HealthChecks, Logger];

const namesOf = (config: EdgeConfig, primary: Primary): Names => ({
  primary,
  sshUrl: config.SSH_URL ?? `ssh://git@${config.SSH_HOST}:${config.SSH_PORT}`,
  publicUrl: config.PUBLIC_URL.replace(/\/+$/, ''),
  agents: 'off',
});

function openUploadPack(
  config: EdgeConfig,
  around: { hallway: Hallway; answerer: UploadPackAnswerer; passThrough: PassThrough; fetches: ServeFetch },
): UploadPack {
  const requests = {
    maxBytes: config.REQUEST_MAX_MIB * MEBI,
    budget: new BodyBudget(config.REQUEST_MEMORY_MIB * MEBI),
  };
  const stateful = new StatefulUploadPack({ ...around, requests, passed: new PassedUploadPack() });
  return new UploadPack({ ...around, requests, stateful });
}

function openDoor(
  config: EdgeConfig,
  around: {
    client: auth.AuthServiceClient;
    commands: Commands;
    names: Names;
    hostKeys: HostKeyRing;
    health: HealthChecks;
    logger: Logger;
  },
): SshDoor {
  const connectionLimits = new ConnectionLimits({
    connections: config.SSH_CONNECTIONS,
    perAddress: config.SSH_CONNECTIONS_PER_ADDRESS,
    strangers: config.SSH_STRANGERS,
  });
  around.health.observe('ssh-native-ciphers', () => {
    if (!hasNativeCrypto()) throw new Error('not built: ciphers run in JavaScript, which is slower');
  });
  return new SshDoor({
    ...around,
    host: config.SSH_HOST,
    port: config.SSH_PORT,
    shutdownMs: config.SHUTDOWN_SECONDS * 1000,
    keys: new KeyDirectory({
      client: around.client,
      timeoutMs: config.AUTH_WAIT_MS,
      rememberMs: config.SSH_KEY_CACHE_SECONDS * 1000,
    }),
    maxTries: config.SSH_AUTH_TRIES,
    loginMs: config.SSH_LOGIN_SECONDS * 1000,
    limits: {
      idleMs: config.SSH_IDLE_SECONDS * 1000,
      totalMs: config.STREAM_TOTAL_SECONDS * 1000,
      maxSessions: config.SSH_SESSIONS_PER_CONNECTION,
    },
    connectionLimits,
    commandLimits: new CommandLimits(config.SSH_COMMANDS_PER_PRINCIPAL),
    openAgent: () => undefined,
    metrics: new SshMetrics(() => connectionLimits.counts),
  });
}
