import { UnrecoverableError, Worker, type Job, type WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { isRefusal, toAntipodeError } from '@antipode/errors';
import { queueName, type JobName, type Jobs, type Pool } from './jobs.js';
import { retryDelayMs } from './retry-policy.js';

/** One handler per job of a pool; the compiler asks for each. A failure that is a *no* is not tried again. */
export type Handlers<Names extends JobName> = {
  readonly [Name in Names]: (data: Jobs[Name], run: JobRun) => Promise<void>;
};

export interface JobRun {
  /** Aborted when the worker must let go of the job. */
  readonly signal: AbortSignal | undefined;
  readonly attemptsMade: number;
}

export interface WorkerSettings<Names extends JobName> {
  readonly pool: Pool;
  readonly node: string;
  /** Made by `connectWorker`. */
  readonly redis: Redis;
  readonly concurrency: number;
  readonly handlers: Handlers<Names>;
  readonly onError: (error: Error) => void;
  /** Further settings of BullMQ, such as `lockDuration`. */
  readonly options?: Partial<WorkerOptions>;
}

const tracer = trace.getTracer('antipode.queues');

/** Works off one pool of one node. Close the worker to stop: it waits for what runs. */
export function startWorker<Names extends JobName>(settings: WorkerSettings<Names>): Worker {
  const worker = new Worker(
    queueName(settings.pool, settings.node),
    (job: Job, _token?: string, signal?: AbortSignal) => run(job, settings.handlers, signal),
    {
      connection: settings.redis,
      concurrency: settings.concurrency,
      settings: { backoffStrategy: (attemptsMade) => retryDelayMs(attemptsMade) },
      ...settings.options,
    },
  );
  worker.on('error', settings.onError);
  return worker;
}

async function run<Names extends JobName>(
  job: Job,
  handlers: Handlers<Names>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const name = job.name as Names;
  const data = job.data as Jobs[Names];
  const handler = handlers[name];
  if (!handler) throw new UnrecoverableError(`no handler for ${job.name}`);
  const parent = data.traceparent
    ? propagation.extract(context.active(), { traceparent: data.traceparent })
    : context.active();
  await tracer.startActiveSpan(job.name, { kind: SpanKind.CONSUMER }, parent, async (span) => {
    span.setAttributes({ 'antipode.repository_id': data.repositoryId, 'antipode.reason': data.reason });
    try {
      await handler(data, { signal, attemptsMade: job.attemptsMade });
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw forBull(error, job.name);
    } finally {
      span.end();
    }
  });
}

/** BullMQ retries everything but its own UnrecoverableError; the same *no* would only come again. */
function forBull(error: unknown, name: string): Error {
  const known = toAntipodeError(error, `running ${name}`);
  return isRefusal(known.code)
    ? Object.assign(new UnrecoverableError(known.message), { cause: known })
    : known;
}
