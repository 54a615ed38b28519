import { join } from 'node:path';
import type { Provider } from '@nestjs/common';
import { lfs, type auth } from '@antipode/contracts';
import { openTicketKey } from '@antipode/lfs-wire';
import type { Primary } from '@antipode/primary';
import { openClient, type RepositoryTable } from '@antipode/rpc';
import type { EdgeConfig } from '../config.js';
import { LfsObjects } from '../http/lfs-objects.js';
import { LfsRoutes } from '../http/lfs-routes.js';
import { ObjectProxy } from '../http/object-proxy.js';
import { BodyBudget, bodyTotalMs } from '../http/read-body.js';
import { Hallway } from '../session/hallway.js';
import { openRelayAuthorization, type RelayAuthorization } from '../session/relay-authorization.js';
import { LfsMetrics } from '../telemetry/lfs-metrics.js';
import { LfsBatch } from './lfs-batch.js';
import { openLfsSentences, type LfsSentences } from './lfs-sentences.js';
import { openLfsTokenKey } from './lfs-token.js';
import { LocksRelay } from './locks-relay.js';

const MEBI = 1024 * 1024;
/** Ten thousand objects, and the longest ref, fit several times. */
const LARGEST_BODY = 4 * MEBI;
const BODIES_AT_ONCE = 16;

/** Everything that LFS needs; `PRIMARY`, `AUTH` and `TABLE` are the module's own tokens. */
export function lfsProviders(
  config: EdgeConfig,
  { PRIMARY, AUTH, TABLE }: Record<'PRIMARY' | 'AUTH' | 'TABLE', symbol>,
): Provider[] {
  return [
    {
      provide: LfsRoutes,
      inject: [PRIMARY, AUTH, Hallway],
      useFactory: (primary: Primary, client: auth.AuthServiceClient, hallway: Hallway) =>
        openRoutes(config, { primary, client, hallway }),
    },
    {
      provide: LfsObjects,
      inject: [PRIMARY, TABLE],
      useFactory: (primary: Primary, { table }: { readonly table: RepositoryTable }) =>
        openObjects(config, primary, table),
    },
  ];
}

function openRoutes(
  config: EdgeConfig,
  { primary, client, hallway }: { primary: Primary; client: auth.AuthServiceClient; hallway: Hallway },
): LfsRoutes {
  const sentences = openLfsSentences({
    primary,
    linkUrl: `${config.PUBLIC_URL.replace(/\/+$/, '')}/-/link`,
  });
  const authorization = openRelayAuthorization({ primary, client, timeoutMs: config.AUTH_WAIT_MS });
  const waitMs = config.PASS_THROUGH_WAIT_SECONDS * 1000;
  return new LfsRoutes({
    primary,
    hallway,
    sentences,
    batch: openBatch(config, { primary, authorization, sentences, primaryWaitMs: waitMs }),
    locks: new LocksRelay({ primary, authorization, waitMs }),
    tokenKey: openLfsTokenKey(config.SECRET_KEY),
    pushes: config.PUSH,
    body: {
      maxBytes: LARGEST_BODY,
      budget: new BodyBudget(LARGEST_BODY * BODIES_AT_ONCE),
      idleMs: config.STREAM_IDLE_SECONDS * 1000,
      totalMs: bodyTotalMs(LARGEST_BODY),
    },
  });
}

const openBatch = (
  config: EdgeConfig,
  around: {
    primary: Primary;
    authorization: RelayAuthorization;
    sentences: LfsSentences;
    primaryWaitMs: number;
  },
): LfsBatch =>
  new LfsBatch({
    client: openClient(lfs.LfsServiceClient, config.LFS_GRPC, config),
    metrics: new LfsMetrics(),
    ...around,
  });

function openObjects(config: EdgeConfig, primary: Primary, table: RepositoryTable): LfsObjects {
  const totalMs = config.STREAM_TOTAL_SECONDS * 1000;
  const limits = { idleMs: config.STREAM_IDLE_SECONDS * 1000, totalMs };
  return new LfsObjects({
    root: join(config.ANTIPODE_DATA, 'lfs'),
    ticketKey: openTicketKey(config.SECRET_KEY),
    primaryName: primary.displayName,
    table,
    limits,
    proxy: new ObjectProxy({
      target: config.LFS_HTTP,
      limits,
      uploadLimits: { idleMs: config.PUSH_IDLE_SECONDS * 1000, totalMs },
      waitMs: config.PASS_THROUGH_WAIT_SECONDS * 1000,
    }),
  });
}
