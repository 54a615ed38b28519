import { registry } from '@antipode/contracts';
import { answerStream, answerUnary, RpcServer } from '@antipode/rpc';
import type { SimState } from '@antipode/testing';

type Event = registry.WatchRepositoriesResponse;

/** The registry as auth sees it: everything in the simulator is selected, and its token is the connection's. */
export async function startFakeRegistry(
  state: SimState,
): Promise<AsyncDisposable & { readonly address: string; readonly watchers: readonly string[] }> {
  const watchers: string[] = [];
  const notHere = answerUnary(() => Promise.reject(new Error('not here')));
  const server = new RpcServer('127.0.0.1:0').add(registry.RegistryServiceService, {
    watchRepositories: answerStream(({ node }: registry.WatchRepositoriesRequest, { signal }) => {
      watchers.push(node);
      return watch(state, signal);
    }),
    getConnection: answerUnary(() =>
      Promise.resolve({
        workspace: state.workspace,
        gitAuthorization: `Basic ${Buffer.from(`x-token-auth:${state.mirrorToken}`).toString('base64')}`,
        token: state.mirrorToken,
        email: '',
        username: '',
      }),
    ),
    reportSync: notHere,
    reportLfs: notHere,
    learnRepository: notHere,
    getSelection: notHere,
    setSelection: notHere,
  });
  await server.listen();
  return { address: `127.0.0.1:${server.port}`, watchers, [Symbol.asyncDispose]: () => server.close() };
}

async function* watch(state: SimState, signal: AbortSignal): AsyncGenerator<Event> {
  for (const { uuid, fullName, isPrivate, project } of state.repositories) {
    const value = {
      id: uuid.slice(1, -1),
      path: fullName,
      public: !isPrivate,
      projectKey: project,
      freshness: '',
      lfsPrefetch: registry.LfsPrefetch.LFS_PREFETCH_UNSPECIFIED,
    };
    yield { event: { $case: 'upserted', value } };
  }
  yield { event: { $case: 'complete', value: {} } };
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
}
