import { pino, type Logger as PinoLogger, type LoggerOptions } from 'pino';
import { trace } from '@opentelemetry/api';

export type Logger = PinoLogger;

/** One JSON line per event on stdout, with the ids of the current trace. */
export function createLogger(options: { service: string; node: string; level: string }): Logger {
  const settings: LoggerOptions = {
    level: options.level,
    base: { service: options.service, node: options.node },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: serializeError, error: serializeError },
    // The last net under rule "no secret reaches a log": these keys must not be logged in the first place.
    redact: {
      paths: ['authorization', '*.authorization', 'headers.authorization', 'token', '*.token'],
      censor: '[secret]',
    },
    mixin: traceIds,
  };
  return pino(settings, pino.destination(IN_THE_BACKGROUND));
}

/**
 * Several lines per write: one write per request was a fifth of a busy door's time. What is still in memory when the
 * process ends by itself is written then; SIGKILL costs the lines of the last moment.
 */
const IN_THE_BACKGROUND = { dest: 1, sync: false, minLength: 8192, periodicFlush: 100 } as const;

function traceIds(): Record<string, string> {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

/** Code, context and causes, to a depth of five. */
export function serializeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error) || depth > 5) return String(error);
  const { code, context } = error as { code?: unknown; context?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(context === undefined ? {} : { context }),
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause, depth + 1) }),
    ...(depth === 0 && error.stack ? { stack: error.stack } : {}),
  };
}
