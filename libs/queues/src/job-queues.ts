import { Queue, type JobsOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { context, propagation } from '@opentelemetry/api';
import { AntipodeError } from '@antipode/errors';
import { POOL_OF, queueName, type JobName, type Jobs, type Reason } from './jobs.js';
import { JOB_OPTIONS } from './retry-policy.js';

/** How long a caller waits for Redis before it is told that there is none. */
const ENQUEUE_TIMEOUT_MS = 1500;

/** Somebody waits for these: they do not sit out the waiting time of an earlier failure. */
const URGENT: ReadonlySet<Reason> = new Set<Reason>(['webhook', 'push', 'reader', 'admin', 'selected']);

export interface JobRequest {
  /** The node whose disk is meant. */
  readonly node: string;
  readonly repositoryId: string;
  readonly reason: Reason;
}

/** The asking side of the queues. Opens a node's queue when it is first asked for. */
export class JobQueues {
  private readonly queues = new Map<string, Queue>();

  /**
   * @param redis made by `connectProducer`; the caller disconnects it, before `close` where Redis may be away.
   * @param onError told about trouble of the queues that belongs to no single call.
   */
  constructor(
    private readonly redis: Redis,
    private readonly onError: (error: Error) => void,
  ) {}

  /**
   * Asks for a sync of one repository on one node.
   *
   * Deduplicated: one runs and at most one waits. What is asked for while one runs starts after it, because
   * that run may have read the primary before the change.
   *
   * @throws AntipodeError `service_unavailable` where Redis does not answer in time.
   */
  requestSync(request: JobRequest): Promise<void> {
    return this.request('mirror.sync', request);
  }

  /** Asks for any job, with the same promise as `requestSync`. */
  async request(name: JobName, request: JobRequest, options: JobsOptions = {}): Promise<void> {
    const queue = this.queue(name, request.node);
    await inTime(name, this.add(queue, name, request, options));
  }

  /** The queue itself, for counting and for looking into it. */
  queue(name: JobName, node: string): Queue {
    const key = queueName(POOL_OF[name], node);
    const open =
      this.queues.get(key) ?? new Queue(key, { connection: this.redis, defaultJobOptions: JOB_OPTIONS });
    if (!this.queues.has(key)) open.on('error', this.onError);
    this.queues.set(key, open);
    return open;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close()));
    this.queues.clear();
  }

  private async add(queue: Queue, name: JobName, request: JobRequest, options: JobsOptions): Promise<void> {
    // Names share a pool's queue, so the name belongs into the key.
    const deduplication = { id: `${name}/${request.repositoryId}`, keepLastIfActive: true };
    const job = await queue.add(name, payload(request), { ...options, deduplication });
    if (!URGENT.has(request.reason)) return;
    // It may be the earlier job that we got, waiting out its backoff.
    if ((await job.getState()) === 'delayed') await job.promote().catch(() => undefined);
  }
}

function payload({ repositoryId, reason }: JobRequest): Jobs[JobName] {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return {
    repositoryId,
    reason,
    requestedAtMs: Date.now(),
    ...(carrier.traceparent ? { traceparent: carrier.traceparent } : {}),
  };
}

async function inTime(name: JobName, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${ENQUEUE_TIMEOUT_MS} ms`)),
      ENQUEUE_TIMEOUT_MS,
    );
  });
  // When we have stopped waiting, a late failure has nobody left to tell.
  work.catch(() => undefined);
  try {
    await Promise.race([work, late]);
  } catch (error) {
    throw new AntipodeError(
      'service_unavailable',
      `queueing ${name}`,
      {},
      { cause: error, hint: 'The job queue (Redis) does not answer.' },
    );
  } finally {
    clearTimeout(timer);
  }
}
