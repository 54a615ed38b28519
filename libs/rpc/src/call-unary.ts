import { Metadata, type CallOptions, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AntipodeError } from '@antipode/errors';
import { readStatus } from './status.js';

export interface CallSettings {
  /** The call fails with `timed_out` after this long. Every call has a deadline. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

const tracer = trace.getTracer('antipode.rpc');

/**
 * Calls a neighbour once: `callUnary(auth, 'authorize', request, { timeoutMs: 5000 })`.
 *
 * @throws AntipodeError with the neighbour's code; `service_unavailable` where it cannot be reached,
 *   `timed_out` after `timeoutMs`, `cancelled` when `signal` aborts.
 */
export async function callUnary<Client extends object, Name extends keyof Client & string>(
  client: Client,
  name: Name,
  request: RequestOf<Client[Name]>,
  settings: CallSettings,
): Promise<ResponseOf<Client[Name]>> {
  if (settings.signal?.aborted) throw new AntipodeError('cancelled', `calling ${name}`);
  return tracer.startActiveSpan(`rpc ${name}`, { kind: SpanKind.CLIENT }, async (span) => {
    try {
      return await send<ResponseOf<Client[Name]>>(client, name, request, settings);
    } finally {
      span.end();
    }
  });
}

function send<Response>(
  client: object,
  name: string,
  request: unknown,
  settings: CallSettings,
): Promise<Response> {
  const metadata = new Metadata();
  propagation.inject(context.active(), metadata, { set: (carrier, key, value) => carrier.set(key, value) });
  // ts-proto gives every unary method this overload; TypeScript cannot pick it out of a mapped type.
  const method = (client as Record<string, unknown>)[name] as UnaryMethod<unknown, Response>;
  return new Promise<Response>((resolve, reject) => {
    const call = method.call(
      client,
      request,
      metadata,
      { deadline: Date.now() + settings.timeoutMs },
      (error, response) => {
        settings.signal?.removeEventListener('abort', cancel);
        if (error) reject(readStatus(error, name));
        else resolve(response);
      },
    );
    function cancel(): void {
      call.cancel();
    }
    settings.signal?.addEventListener('abort', cancel, { once: true });
  });
}

// The last overload of a ts-proto client method carries (request, metadata, options, callback).
export type RequestOf<Method> = Method extends (request: infer Request, ...rest: never[]) => unknown
  ? Request
  : never;
export type ResponseOf<Method> = Method extends (
  request: never,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: infer Response) => void,
) => ClientUnaryCall
  ? Response
  : never;
