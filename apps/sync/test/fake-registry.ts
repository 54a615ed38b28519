import type { AddressInfo } from 'node:net';
import { registry } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import { answerStream, answerUnary, RpcServer } from '@antipode/rpc';

type Event = registry.WatchRepositoriesResponse;

/** The registry as sync sees it: a table to follow, a credential, an ear for reports. On a real gRPC port. */
export class FakeRegistry implements AsyncDisposable {
  readonly reports: registry.SyncReport[] = [];
  readonly runs: registry.SyncRun[] = [];
  /** While true, no report of runs is taken. */
  isDeaf = false;
  connectionsAsked = 0;
  authorization = '';
  private readonly repositories = new Map<string, registry.Repository>();
  private readonly watchers = new Set<(event: Event) => void>();
  private readonly server = new RpcServer('127.0.0.1:0');

  async start(): Promise<this> {
    this.server.add(registry.RegistryServiceService, {
      watchRepositories: answerStream((_: registry.WatchRepositoriesRequest, { signal }) =>
        this.watch(signal),
      ),
      getConnection: answerUnary(() => {
        this.connectionsAsked += 1;
        return Promise.resolve({
          workspace: '',
          gitAuthorization: this.authorization,
          token: '',
          email: '',
          username: '',
        });
      }),
      reportSync: answerUnary(({ reports }: registry.ReportSyncRequest) => {
        this.reports.push(...reports);
        return Promise.resolve({});
      }),
      reportRuns: answerUnary(({ runs }: registry.ReportRunsRequest) => {
        if (this.isDeaf) throw new AntipodeError('service_unavailable', 'taking reports of runs');
        this.runs.push(...runs);
        return Promise.resolve({});
      }),
      reportTraffic: answerUnary(() => Promise.reject(new Error('not here'))),
      reportLfs: answerUnary(() => Promise.reject(new Error('not here'))),
      learnRepository: answerUnary(() => Promise.reject(new Error('not here'))),
      getSelection: answerUnary(() => Promise.reject(new Error('not here'))),
      setSelection: answerUnary(() => Promise.reject(new Error('not here'))),
    });
    await this.server.listen();
    return this;
  }

  get address(): string {
    return `127.0.0.1:${this.server.port satisfies AddressInfo['port']}`;
  }

  select(id: string, path: string): void {
    const lfsPrefetch = registry.LfsPrefetch.LFS_PREFETCH_UNSPECIFIED;
    const value = { id, path, public: true, projectKey: '', freshness: '', lfsPrefetch };
    this.repositories.set(id, value);
    this.tell({ event: { $case: 'upserted', value } });
  }

  deselect(id: string): void {
    this.repositories.delete(id);
    this.tell({ event: { $case: 'removed', value: id } });
  }

  /** What was last reported about a repository. */
  last(id: string): registry.SyncReport | undefined {
    return this.reports.findLast(({ repositoryId }) => repositoryId === id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watcher of this.watchers) watcher({ event: undefined });
    await this.server.close();
  }

  private tell(event: Event): void {
    for (const watcher of this.watchers) watcher(event);
  }

  private async *watch(signal: AbortSignal): AsyncGenerator<Event> {
    const pending: Event[] = [...this.repositories.values()].map((value) => ({
      event: { $case: 'upserted', value },
    }));
    pending.push({ event: { $case: 'complete', value: {} } });
    let wake = (): void => undefined;
    const watcher = (event: Event): void => {
      pending.push(event);
      wake();
    };
    this.watchers.add(watcher);
    signal.addEventListener('abort', () => wake());
    try {
      for (;;) {
        while (pending.length > 0) {
          const event = pending.shift() as Event;
          if (!event.event) return;
          yield event;
        }
        if (signal.aborted) return;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.watchers.delete(watcher);
    }
  }
}
