import { context, propagation, type Context } from '@opentelemetry/api';

/** The current trace as a W3C traceparent, to travel in a job or a message; undefined outside a trace. */
export function currentTraceparent(): string | undefined {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier['traceparent'];
}

/** Runs `work` as a part of the trace that `traceparent` names. */
export function withTraceparent<T>(traceparent: string | undefined, work: () => T): T {
  const parent: Context = traceparent
    ? propagation.extract(context.active(), { traceparent })
    : context.active();
  return context.with(parent, work);
}
