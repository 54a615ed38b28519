import type { Provider } from '@nestjs/common';
import { sync, type auth } from '@antipode/contracts';
import type { Primary } from '@antipode/primary';
import { openClient } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import type { EdgeConfig } from '../config.js';
import { PushRoutes } from '../http/push-routes.js';
import { BodyBudget, bodyTotalMs } from '../http/read-body.js';
import { refusalFor } from '../http/sentences.js';
import { Admission } from '../session/admission.js';
import { Hallway } from '../session/hallway.js';
import { Mirrors } from '../session/mirrors.js';
import { PassThrough } from '../session/pass-through.js';
import { openRelayAuthorization } from '../session/relay-authorization.js';
import { PushMetrics } from '../telemetry/push-metrics.js';
import { PushOverHttps } from './push-over-https.js';
import { PushRelay } from './push-relay.js';
import { openPushSentences, type PushSentences } from './push-sentences.js';
import { openWaitUntilPublished, type WaitUntilPublished } from './wait-until-published.js';

const MEBI = 1024 * 1024;
/** Most servers keep an idle connection for five seconds or more; a push cannot be sent twice. */
const KEEP_ALIVE_MS = 3000;
/** Of a push that nobody takes. */
const REFUSED_BODY = { maxBytes: 64 * 1024, memoryBytes: MEBI };

/** The injection token of `PushSentences`. */
export const PUSH_SENTENCES = Symbol('PUSH_SENTENCES');
/** The injection token of `WaitUntilPublished`. */
export const WAIT_UNTIL_PUBLISHED = Symbol('WAIT_UNTIL_PUBLISHED');

/** Everything that pushes need; `PRIMARY` and `AUTH` are the module's own tokens. */
export function pushProviders(
  config: EdgeConfig,
  { PRIMARY, AUTH }: Record<'PRIMARY' | 'AUTH', symbol>,
): Provider[] {
  return [
    PushMetrics,
    {
      provide: PUSH_SENTENCES,
      inject: [PRIMARY],
      useFactory: (primary: Primary) => openPushSentences({ primary, linkUrl: linkUrl(config) }),
    },
    {
      provide: WAIT_UNTIL_PUBLISHED,
      inject: [Mirrors, PushMetrics, LOGGER],
      useFactory: (mirrors: Mirrors, metrics: PushMetrics, logger: Logger) =>
        openWait(config, { mirrors, metrics, logger }),
    },
    {
      provide: PushRelay,
      inject: [PRIMARY, AUTH, WAIT_UNTIL_PUBLISHED, PUSH_SENTENCES, PushMetrics],
      useFactory: (
        primary: Primary,
        client: auth.AuthServiceClient,
        published: WaitUntilPublished,
        sentences: PushSentences,
        metrics: PushMetrics,
      ) =>
        new PushRelay({
          primary: openPrimary(config, primary, client),
          published,
          sentences,
          say: (error) => refusalFor(error, primary.displayName).sentence,
          limits: { idleMs: config.PUSH_IDLE_SECONDS * 1000, totalMs: config.STREAM_TOTAL_SECONDS * 1000 },
          metrics,
        }),
    },
    {
      provide: PushRoutes,
      inject: [Hallway, PushRelay, PUSH_SENTENCES, PushMetrics],
      useFactory: (hallway: Hallway, relay: PushRelay, sentences: PushSentences, metrics: PushMetrics) =>
        openRoutes(config, { hallway, relay, sentences, metrics }),
    },
    {
      provide: PushOverHttps,
      inject: [PushRelay, PUSH_SENTENCES, PushMetrics],
      useFactory: (relay: PushRelay, sentences: PushSentences, metrics: PushMetrics) =>
        new PushOverHttps({ mode: config.PUSH, relay, sentences, metrics, maxBytes: maxBytes(config) }),
    },
  ];
}

const linkUrl = ({ PUBLIC_URL }: EdgeConfig): string => `${PUBLIC_URL.replace(/\/+$/, '')}/-/link`;

const maxBytes = ({ PUSH_MAX_MIB }: EdgeConfig): number =>
  PUSH_MAX_MIB === 0 ? Number.POSITIVE_INFINITY : PUSH_MAX_MIB * MEBI;

const openWait = (
  config: EdgeConfig,
  around: { mirrors: Mirrors; metrics: PushMetrics; logger: Logger },
): WaitUntilPublished =>
  openWaitUntilPublished({
    client: openClient(sync.SyncServiceClient, config.SYNC_GRPC, config),
    waitMs: config.PUSH_PUBLISH_SECONDS * 1000,
    ...around,
  });

const openPrimary = (config: EdgeConfig, primary: Primary, client: auth.AuthServiceClient): PassThrough =>
  new PassThrough({
    primary,
    authorization: openRelayAuthorization({ primary, client, timeoutMs: config.AUTH_WAIT_MS }),
    admission: new Admission({
      concurrency: config.PUSH_CONCURRENCY,
      queue: config.FETCH_QUEUE,
      waitMs: config.FETCH_QUEUE_SECONDS * 1000,
    }),
    waitMs: config.PASS_THROUGH_WAIT_SECONDS * 1000,
    idleMs: config.STREAM_IDLE_SECONDS * 1000,
    keepAliveMs: KEEP_ALIVE_MS,
  });

function openRoutes(
  config: EdgeConfig,
  around: { hallway: Hallway; relay: PushRelay; sentences: PushSentences; metrics: PushMetrics },
): PushRoutes {
  const idleMs = config.STREAM_IDLE_SECONDS * 1000;
  return new PushRoutes({
    mode: config.PUSH,
    limits: { idleMs, totalMs: config.STREAM_TOTAL_SECONDS * 1000 },
    maxBytes: maxBytes(config),
    body: {
      maxBytes: REFUSED_BODY.maxBytes,
      budget: new BodyBudget(REFUSED_BODY.memoryBytes),
      idleMs,
      totalMs: bodyTotalMs(REFUSED_BODY.maxBytes),
    },
    ...around,
  });
}
