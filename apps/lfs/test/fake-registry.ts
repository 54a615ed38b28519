import { registry } from '@antipode/contracts';
import { answerStream, answerUnary, RpcServer } from '@antipode/rpc';
import type { SimState } from '@antipode/testing';

type Event = registry.WatchRepositoriesResponse;

/** The registry as lfs sees it: what the test selects, and the simulator's token for the connection. */
export class FakeRegistry implements AsyncDisposable {
  readonly reports = new Map<string, registry.LfsReport>();
  private readonly selected = new Map<string, registry.Repository>();
  private readonly watchers = new Set<(event: Event) => void>();
  private readonly server: RpcServer;
  authorization: string;

  constructor(private readonly state: SimState) {
    this.authorization = `Basic ${Buffer.from(`x-token-auth:${state.mirrorToken}`).toString('base64')}`;
    for (const { fullName } of state.repositories) this.select(fullName);
    const notHere = answerUnary(() => Promise.reject(new Error('not here')));
    this.server = new RpcServer('127.0.0.1:0').add(registry.RegistryServiceService, {
      watchRepositories: answerStream((_: registry.WatchRepositoriesRequest, { signal }) =>
        this.watch(signal),
      ),
      getConnection: answerUnary(() =>
        Promise.resolve({
          workspace: state.workspace,
          gitAuthorization: this.authorization,
          token: state.mirrorToken,
          email: '',
          username: '',
        }),
      ),
      reportLfs: answerUnary(({ reports }: registry.ReportLfsRequest) => {
        for (const report of reports) this.reports.set(report.repositoryId, report);
        return Promise.resolve({});
      }),
      reportSync: notHere,
      reportRuns: notHere,
      reportTraffic: notHere,
      learnRepository: notHere,
      getSelection: notHere,
      setSelection: notHere,
    });
  }

  listen(): Promise<void> {
    return this.server.listen();
  }

  get address(): string {
    return `127.0.0.1:${this.server.port}`;
  }

  idOf(path: string): string {
    const found = this.state.repositories.find(({ fullName }) => fullName === path);
    if (!found) throw new Error(`the sample has no ${path}`);
    return found.uuid.slice(1, -1);
  }

  select(path: string): void {
    const found = this.state.repositories.find(({ fullName }) => fullName === path);
    if (!found) throw new Error(`the sample has no ${path}`);
    const value = {
      id: this.idOf(path),
      path,
      public: !found.isPrivate,
      projectKey: found.project,
      freshness: '',
      lfsPrefetch: registry.LfsPrefetch.LFS_PREFETCH_UNSPECIFIED,
    };
    this.selected.set(value.id, value);
    this.tell({ event: { $case: 'upserted', value } });
  }

  /** Whether its large files are brought before anybody asks. */
  prefetch(path: string, lfsPrefetch: registry.LfsPrefetch): void {
    const value = { ...this.selected.get(this.idOf(path)), lfsPrefetch } as registry.Repository;
    this.selected.set(value.id, value);
    this.tell({ event: { $case: 'upserted', value } });
  }

  /** The primary calls it otherwise from now on. */
  move(path: string, to: string): void {
    const value = { ...this.selected.get(this.idOf(path)), path: to } as registry.Repository;
    this.selected.set(value.id, value);
    this.tell({ event: { $case: 'upserted', value } });
  }

  deselect(path: string): void {
    this.selected.delete(this.idOf(path));
    this.tell({ event: { $case: 'removed', value: this.idOf(path) } });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server.close();
  }

  private tell(event: Event): void {
    for (const watcher of this.watchers) watcher(event);
  }

  private async *watch(signal: AbortSignal): AsyncGenerator<Event> {
    const untold: Event[] = [...this.selected.values()].map((value) => ({
      event: { $case: 'upserted', value },
    }));
    untold.push({ event: { $case: 'complete', value: {} } });
    let wake: (() => void) | undefined;
    const watcher = (event: Event): void => {
      untold.push(event);
      wake?.();
    };
    this.watchers.add(watcher);
    signal.addEventListener('abort', () => wake?.());
    try {
      while (!signal.aborted) {
        for (let event = untold.shift(); event; event = untold.shift()) yield event;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.watchers.delete(watcher);
    }
  }
}
