import { afterAll, expect, it } from '@jest/globals';
import { context, propagation, trace } from '@opentelemetry/api';
import { startTelemetry } from './telemetry.js';

const telemetry = startTelemetry({ service: 'test', node: 'here', otlpEndpoint: undefined });

afterAll(() => telemetry.stop());

it('gives traces their ids, and hands them on, also where nobody collects them', () => {
  trace.getTracer('test').startActiveSpan('outer', (outer) => {
    const { traceId } = outer.spanContext();
    expect(traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    const carrier: Record<string, string> = {};
    propagation.inject(context.active(), carrier);
    expect(carrier['traceparent']).toContain(traceId);
    trace.getTracer('test').startActiveSpan('inner', (inner) => {
      expect(inner.spanContext().traceId).toBe(traceId);
    });
  });
});
