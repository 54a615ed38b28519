import type { IncomingMessage, ServerResponse } from 'node:http';
import { SamplingDecision } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';

export interface Telemetry {
  /** Answers a Prometheus scrape. */
  serveMetrics(request: IncomingMessage, response: ServerResponse): void;
  stop(): Promise<void>;
}

type SdkOptions = NonNullable<ConstructorParameters<typeof NodeSDK>[0]>;

/** Without any processor the SDK registers no tracer at all: traces would have no ids, in the logs and between services. */
const DROP: NonNullable<SdkOptions['spanProcessors']>[number] = {
  onStart: () => undefined,
  onEnd: () => undefined,
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

/** Spans have ids, for the log and the next service, and record nothing that nobody would collect. */
const IDS_ONLY: NonNullable<SdkOptions['sampler']> = {
  // The SDK's own copy of this word lies in a package that nothing else here needs.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  shouldSample: () => ({ decision: SamplingDecision.NOT_RECORD }),
  toString: () => 'IdsOnly',
};

/**
 * Starts OpenTelemetry: metrics for Prometheus always, traces to an OTLP collector where one is configured.
 * Spans are made by hand at the seams (door, gRPC, queue, git); no library is patched at run time.
 */
export function startTelemetry(options: {
  service: string;
  node: string;
  otlpEndpoint: string | undefined;
}): Telemetry {
  // The ops server owns the port; the exporter only writes the page.
  const metrics = new PrometheusExporter({ preventServerStart: true });
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({
      'service.name': `antipode-${options.service}`,
      'service.instance.id': options.node,
    }),
    autoDetectResources: false,
    metricReaders: [metrics],
    logRecordProcessors: [],
    ...(options.otlpEndpoint
      ? {
          traceExporter: new OTLPTraceExporter({
            url: new URL('v1/traces', withSlash(options.otlpEndpoint)).href,
          }),
        }
      : { spanProcessors: [DROP], sampler: IDS_ONLY }),
  });
  sdk.start();
  return {
    serveMetrics: (request, response) => metrics.getMetricsRequestHandler(request, response),
    stop: () => sdk.shutdown(),
  };
}

const withSlash = (url: string): string => (url.endsWith('/') ? url : `${url}/`);
