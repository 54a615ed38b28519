import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { Worker } from 'bullmq';
import { AntipodeError } from '@antipode/errors';
import { eventually, startRedis, type RunningRedis } from '@antipode/testing';
import { connectProducer, connectWorker, JobQueues, startWorker, type RepositoryJob } from '@antipode/queues';

const REPOSITORY = '0f1e2d3c-0000-4000-8000-000000000001';
const quiet = (): void => undefined;

/** A pool's worker whose jobs end when the test says so. */
class Stage {
  readonly started: RepositoryJob[] = [];
  readonly worker: Worker;
  private readonly waiting: (() => void)[] = [];
  private closing = false;

  constructor(
    redis: Redis,
    private readonly outcome: () => void = quiet,
  ) {
    const handlers = { 'mirror.sync': (data: RepositoryJob) => this.run(data) };
    this.worker = startWorker({
      pool: 'sync',
      node: 'local',
      redis,
      concurrency: 4,
      handlers,
      onError: quiet,
    });
  }

  release(): void {
    for (const go of this.waiting.splice(0)) go();
  }

  async close(): Promise<void> {
    this.closing = true;
    this.release();
    await this.worker.close();
  }

  private async run(data: RepositoryJob): Promise<void> {
    this.started.push(data);
    if (!this.closing) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.outcome();
  }
}

describe('the queues', () => {
  let server: RunningRedis;
  let producer: Redis;
  let consumer: Redis;
  let queues: JobQueues;
  let stage: Stage | undefined;

  const request = (reason: 'webhook' | 'sweep' = 'webhook'): Promise<void> =>
    queues.requestSync({ node: 'local', repositoryId: REPOSITORY, reason });

  beforeAll(async () => {
    server = await startRedis();
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    producer = connectProducer(server.url, quiet);
    consumer = connectWorker(server.url, quiet);
    queues = new JobQueues(producer, quiet);
    await consumer.flushall();
  });

  afterEach(async () => {
    await stage?.close();
    stage = undefined;
    await queues.close();
    producer.disconnect();
    consumer.disconnect();
  });

  it('runs one sync of a repository and lets at most one wait', async () => {
    stage = new Stage(consumer);
    await request();
    await eventually(() => stage?.started.length === 1);
    for (let i = 0; i < 10; i++) await request();
    expect(await queues.queue('mirror.sync', 'local').getActiveCount()).toBe(1);
    stage.release();
    await eventually(() => stage?.started.length === 2);
    stage.release();
    await eventually(async () => (await queues.queue('mirror.sync', 'local').getActiveCount()) === 0);
    expect(stage.started).toHaveLength(2);
  });

  it('starts a second sync after a request that came while the first ran', async () => {
    stage = new Stage(consumer);
    await request();
    await eventually(() => stage?.started.length === 1);
    await request('sweep');
    stage.release();
    await eventually(() => stage?.started.length === 2);
    expect(stage.started[1]?.reason).toBe('sweep');
  });

  it('keeps the nodes apart', async () => {
    await request();
    await queues.requestSync({ node: 'syd-1', repositoryId: REPOSITORY, reason: 'webhook' });
    expect(await queues.queue('mirror.sync', 'local').getWaitingCount()).toBe(1);
    expect(await queues.queue('mirror.sync', 'syd-1').getWaitingCount()).toBe(1);
  });

  it('runs a failed sync at once when somebody asks again, instead of after its backoff', async () => {
    let failures = 8; // The ninth wait would be two minutes at least.
    stage = new Stage(consumer, () => {
      if (failures-- > 0) throw new AntipodeError('primary_unavailable', 'testing');
    });
    await request();
    for (let attempt = 1; attempt <= 9; attempt++) {
      await eventually(() => stage?.started.length === attempt);
      stage.release();
      await eventually(async () => (await queues.queue('mirror.sync', 'local').getActiveCount()) === 0);
      if (attempt < 9) await request();
    }
    expect(await queues.queue('mirror.sync', 'local').getCompletedCount()).toBe(1);
  });

  it('leaves a failed sync to its backoff when only the sweep asks', async () => {
    stage = new Stage(consumer, () => {
      throw new AntipodeError('primary_unavailable', 'testing');
    });
    await request();
    await eventually(() => stage?.started.length === 1);
    stage.release();
    await eventually(async () => (await queues.queue('mirror.sync', 'local').getDelayedCount()) === 1);
    await request('sweep');
    expect(await queues.queue('mirror.sync', 'local').getDelayedCount()).toBe(1);
  });

  it('does not try a refusal again', async () => {
    stage = new Stage(consumer, () => {
      throw new AntipodeError('not_found', 'testing');
    });
    await request();
    await eventually(() => stage?.started.length === 1);
    stage.release();
    await eventually(async () => (await queues.queue('mirror.sync', 'local').getFailedCount()) === 1);
  });

  it('says within two seconds that Redis is away, and works again when it is back', async () => {
    await request();
    await server.stop();
    try {
      const asked = Date.now();
      await expect(request()).rejects.toMatchObject({ code: 'service_unavailable' });
      expect(Date.now() - asked).toBeLessThan(2000);
    } finally {
      await server.start();
    }
    await eventually(async () => {
      await request();
      return true;
    });
    expect(await queues.queue('mirror.sync', 'local').getWaitingCount()).toBe(1);
  });

  it('says so too where Redis was never there', async () => {
    const nowhere = connectProducer('redis://127.0.0.1:1', quiet);
    const lost = new JobQueues(nowhere, quiet);
    const asked = lost.requestSync({ node: 'local', repositoryId: REPOSITORY, reason: 'webhook' });
    await expect(asked).rejects.toMatchObject({ code: 'service_unavailable' });
    nowhere.disconnect();
    await lost.close();
  });
});
