export { connectProducer, connectWorker } from './connections.js';
export { JobQueues, type JobRequest } from './job-queues.js';
export {
  POOL_OF,
  POOLS,
  queueName,
  type JobName,
  type Jobs,
  type Pool,
  type Reason,
  type RepositoryJob,
} from './jobs.js';
export { ATTEMPTS, BACKOFF, JOB_OPTIONS, retryDelayMs } from './retry-policy.js';
export { startWorker, type Handlers, type JobRun, type WorkerSettings } from './start-worker.js';
