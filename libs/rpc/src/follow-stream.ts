import { Metadata, type CallOptions, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AntipodeError } from '@antipode/errors';
import { readStatus } from './status.js';

export interface StreamSettings {
  /** The stream ends with `timed_out` after this long in all. */
  readonly timeoutMs: number;
  /** And where the neighbour says nothing for this long; the time that the reader itself takes does not count. */
  readonly idleMs: number;
  readonly signal?: AbortSignal;
}

const tracer = trace.getTracer('antipode.rpc');

/**
 * Follows what a neighbour streams: `for await (const state of followStream(lfs, 'followFill', request, settings))`.
 * A reader that stops ends the call.
 *
 * @throws AntipodeError with the neighbour's code; `service_unavailable` where it cannot be reached or goes away,
 *   `timed_out`, `cancelled` when `signal` aborts.
 */
export async function* followStream<Client extends object, Name extends keyof Client & string>(
  client: Client,
  name: Name,
  request: StreamRequestOf<Client[Name]>,
  settings: StreamSettings,
): AsyncGenerator<StreamedBy<Client[Name]>> {
  const span = tracer.startSpan(`rpc ${name}`, { kind: SpanKind.CLIENT });
  const call = open<StreamedBy<Client[Name]>>(client, { name, request, timeoutMs: settings.timeoutMs });
  const cancel = (): void => call.cancel();
  settings.signal?.addEventListener('abort', cancel, { once: true });
  if (settings.signal?.aborted) cancel();
  const silence = { lasted: false };
  try {
    const messages = call[Symbol.asyncIterator]() as AsyncIterator<StreamedBy<Client[Name]>>;
    for (;;) {
      const { done, value } = await nextWithin(messages, settings.idleMs, () => {
        silence.lasted = true;
        cancel();
      });
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (settings.signal?.aborted) throw new AntipodeError('cancelled', `following ${name}`);
    if (silence.lasted)
      throw new AntipodeError('timed_out', `following ${name}`, { idleMs: settings.idleMs });
    throw readStatus(error as ServiceError, name);
  } finally {
    settings.signal?.removeEventListener('abort', cancel);
    cancel();
    span.end();
  }
}

type StreamMethod<Response> = (
  request: unknown,
  metadata: Metadata,
  options: Partial<CallOptions>,
) => ClientReadableStream<Response>;

function open<Response>(
  client: object,
  { name, request, timeoutMs }: { name: string; request: unknown; timeoutMs: number },
): ClientReadableStream<Response> {
  const metadata = new Metadata();
  propagation.inject(context.active(), metadata, { set: (carrier, key, value) => carrier.set(key, value) });
  const method = (client as Record<string, unknown>)[name] as StreamMethod<Response>;
  const call = method.call(client, request, metadata, { deadline: Date.now() + timeoutMs });
  // One that is cancelled after its reader has gone still tells so; nobody is left to hear it.
  call.on('error', () => undefined);
  return call;
}

async function nextWithin<T>(
  messages: AsyncIterator<T>,
  idleMs: number,
  onIdle: () => void,
): Promise<IteratorResult<T, unknown>> {
  const timer = setTimeout(onIdle, idleMs);
  try {
    return await messages.next();
  } finally {
    clearTimeout(timer);
  }
}

// The last overload of a ts-proto client's streaming method carries (request, metadata, options).
export type StreamRequestOf<Method> = Method extends (
  request: infer Request,
  ...rest: never[]
) => ClientReadableStream<unknown>
  ? Request
  : never;
export type StreamedBy<Method> = Method extends (
  request: never,
  metadata?: Metadata,
  options?: Partial<CallOptions>,
) => ClientReadableStream<infer Response>
  ? Response
  : never;
