import type { IncomingMessage, ServerResponse } from 'node:http';
import { isRefusal, toAntipodeError } from '@antipode/errors';
import type { Logger } from '@antipode/service-kit';
import type { Visit } from '../session/visit.js';
import type { EdgeMetrics } from '../telemetry/edge-metrics.js';
import { isTraffic, type Traffic } from '../telemetry/traffic.js';
import { AnsweredError } from './answered-error.js';
import type { Route } from './routes.js';

export interface Goodbye {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route | undefined;
  readonly visit: Visit;
  readonly startedAt: number;
  readonly bytesOut: number;
}

export interface Listeners {
  readonly metrics: EdgeMetrics;
  readonly traffic: Traffic;
  readonly logger: Logger;
}

/** The one log line of a request, and its place in the metrics and in the history of traffic. */
export function sayGoodbye(goodbye: Goodbye, { metrics, traffic, logger }: Listeners): void {
  const { request, response, route, visit, startedAt, bytesOut } = goodbye;
  const ms = performance.now() - startedAt;
  const { source, bytesIn } = visit;
  const routeName = route?.name ?? 'unknown';
  metrics.finished({
    route: routeName,
    source,
    status: response.statusCode,
    bytesOut,
    bytesIn,
    seconds: ms / 1000,
  });
  if (route && isTraffic(route.name)) countTraffic(goodbye, route, traffic);
  const error = visit.error === undefined ? undefined : toAntipodeError(visit.error, 'answering a request');
  const line = {
    method: request.method,
    route: routeName,
    status: response.statusCode,
    ...(response.writableFinished ? {} : { broken_off: true }),
    repository_id: visit.repositoryId,
    source,
    protocol: visit.protocol,
    epoch: visit.epoch,
    passed_because: visit.passedBecause,
    push: visit.push,
    lfs: visit.lfs,
    request_id: visit.requestId,
    ...(visit.outage ? { outage: true } : {}),
    principal: visit.principal?.slice(0, 12),
    bytes_in: bytesIn,
    bytes_out: bytesOut,
    ms: Math.round(ms * 10) / 10,
    steps_ms: visit.stepsMs,
    code: error?.code,
  };
  if (error && !isRefusal(error.code) && error.code !== 'cancelled')
    logger.warn({ ...line, err: error }, 'request');
  else logger.info(line, 'request');
}

function countTraffic(
  { request, response, visit, bytesOut }: Goodbye,
  { name }: Route,
  traffic: Traffic,
): void {
  // In git's protocol a failure may be told with a good status.
  const isRefused = response.statusCode >= 400 || visit.error instanceof AnsweredError;
  traffic.served({
    door: 'http',
    visit,
    isAnswered: response.writableFinished && !isRefused,
    bytesOut,
    isDownload: name === 'lfs_object' && request.method === 'GET',
  });
}
