import type {
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerErrorResponse,
} from '@grpc/grpc-js';
import { context, propagation, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import { isRefusal, toAntipodeError, type AntipodeError } from '@antipode/errors';
import { writeStatus } from './status.js';

export interface CallContext {
  /** Aborted when the caller is gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** The caller's deadline in milliseconds since 1970; Infinity where it set none. */
  readonly deadlineMs: number;
}

/** Told about every failure that is a *cannot*; a *no* is an ordinary answer. */
export type OnFailure = (error: AntipodeError, method: string) => void;

const tracer = trace.getTracer('antipode.rpc');

interface ServerCall {
  readonly metadata: Metadata;
  getPath(): string;
  getDeadline(): Date | number;
  on(event: 'cancelled', listener: () => void): unknown;
}

function callContext(call: ServerCall): CallContext {
  const controller = new AbortController();
  call.on('cancelled', () => controller.abort());
  return { signal: controller.signal, deadlineMs: Number(call.getDeadline()) };
}

/** Runs a handler inside a span that continues the caller's trace. */
async function traced<T>(call: ServerCall, work: (span: Span) => Promise<T>): Promise<T> {
  const parent = propagation.extract(context.active(), {
    traceparent: call.metadata.get('traceparent')[0]?.toString(),
  });
  return tracer.startActiveSpan(call.getPath(), { kind: SpanKind.SERVER }, parent, async (span) => {
    try {
      return await work(span);
    } finally {
      span.end();
    }
  });
}

function failed(
  error: unknown,
  call: ServerCall,
  span: Span,
  onFailure: OnFailure | undefined,
): Partial<ServerErrorResponse> {
  const known = toAntipodeError(error, `answering ${call.getPath()}`);
  span.setAttribute('antipode.code', known.code);
  if (!isRefusal(known.code)) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    onFailure?.(known, call.getPath());
  }
  return writeStatus(known);
}

/** Turns an async function into a gRPC handler: failures become statuses, the trace goes on. */
export function answerUnary<Request, Response>(
  handler: (request: Request, call: CallContext) => Promise<Response>,
  onFailure?: OnFailure,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    void traced(call, async (span) => {
      try {
        callback(null, await handler(call.request, callContext(call)));
      } catch (error) {
        callback(failed(error, call, span, onFailure));
      }
    });
  };
}

/** Turns an async generator into a server-streaming handler, with backpressure. */
export function answerStream<Request, Response>(
  handler: (request: Request, call: CallContext) => AsyncIterable<Response>,
  onFailure?: OnFailure,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    void traced(call, async (span) => {
      const told = callContext(call);
      try {
        for await (const message of handler(call.request, told)) {
          if (told.signal.aborted) return;
          if (!call.write(message)) await drained(call, told.signal);
        }
        call.end();
      } catch (error) {
        if (!told.signal.aborted) call.emit('error', failed(error, call, span, onFailure));
      }
    });
  };
}

function drained(stream: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    stream.on('drain', done);
    signal.addEventListener('abort', done);
  });
}
