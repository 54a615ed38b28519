import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { LoadJob, LoadResult } from './load-job.js';
import type { DownloadJob, DownloadResult } from './swallow.js';

/** The clients, in a process of their own. One job at a time. */
export class LoadGenerator implements AsyncDisposable {
  private readonly process: ChildProcess;

  constructor() {
    this.process = fork(new URL('./load-process.js', import.meta.url));
  }

  run(job: LoadJob): Promise<LoadResult> {
    return this.carryOut(job);
  }

  download(job: DownloadJob): Promise<DownloadResult> {
    return this.carryOut(job);
  }

  private async carryOut<Result extends object>(job: LoadJob | DownloadJob): Promise<Result> {
    const answered = new AbortController();
    const { signal } = answered;
    const gone = once(this.process, 'exit', { signal }).then(() => {
      throw new Error('the load process ended in the middle of its work');
    });
    const result = once(this.process, 'message', { signal }) as Promise<[Result | { failed: string }]>;
    this.process.send(job);
    try {
      const [answer] = await Promise.race([result, gone]);
      if ('failed' in answer) throw new Error(answer.failed);
      return answer;
    } finally {
      // Whichever did not happen stops listening.
      for (const one of [result, gone]) one.catch(() => undefined);
      answered.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode !== null) return;
    const gone = once(this.process, 'exit');
    this.process.disconnect();
    await gone;
  }
}
