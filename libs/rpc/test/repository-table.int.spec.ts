import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registry } from '@antipode/contracts';
import { answerStream, openClient, RepositoryTable, RpcServer } from '@antipode/rpc';

const A = { id: '11111111-1111-4111-8111-111111111111', path: 'acme/a' };
const B = { id: '22222222-2222-4222-8222-222222222222', path: 'acme/b' };

const upserted = (repository: { id: string; path: string }): registry.WatchRepositoriesResponse => ({
  event: { $case: 'upserted', value: registry.Repository.fromPartial(repository) },
});
const removed = (id: string): registry.WatchRepositoriesResponse => ({
  event: { $case: 'removed', value: id },
});
const connection = (connected: boolean, workspace: string): registry.WatchRepositoriesResponse => ({
  event: { $case: 'connection', value: { connected, workspace } },
});
const complete: registry.WatchRepositoriesResponse = { event: { $case: 'complete', value: {} } };

let folder: string;
let closers: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-table-'));
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
  await rm(folder, { recursive: true });
});

type Script = () => AsyncIterable<registry.WatchRepositoriesResponse>;

/** A registry that plays one script per connection, the last one again and again. */
async function registryThatSays(scripts: Script[], port = 0): Promise<RpcServer> {
  const server = new RpcServer(`127.0.0.1:${port}`).add(registry.RegistryServiceService, {
    watchRepositories: answerStream(async function* (_: registry.WatchRepositoriesRequest, { signal }) {
      const isLast = scripts.length === 1;
      const script = isLast ? scripts[0] : scripts.shift();
      if (script) yield* script();
      if (isLast && !signal.aborted) await once(signal, 'abort');
    }),
  });
  await server.listen();
  closers.push(() => server.close());
  return server;
}

function tableOf(port: number): RepositoryTable {
  const client = openClient(registry.RegistryServiceClient, `127.0.0.1:${port}`);
  const table = new RepositoryTable({ client, node: 'syd-1', file: join(folder, 'table.json') });
  closers.push(
    () => client.close(),
    () => table.close(),
  );
  return table;
}

const says = (...messages: registry.WatchRepositoriesResponse[]): Script =>
  async function* () {
    yield* messages;
  };

describe('the table of repositories', () => {
  it('knows what the registry sent', async () => {
    const server = await registryThatSays([says(upserted(A), upserted(B), complete)]);
    const table = tableOf(server.port);
    const told = once(table, 'complete');
    await table.open();
    await told;
    expect(table.find('acme/a')?.id).toBe(A.id);
    expect(table.all()).toHaveLength(2);
  });

  it('forgets what a new stream no longer names, and says so', async () => {
    const server = await registryThatSays([
      says(upserted(A), upserted(B), complete),
      says(upserted(B), complete),
    ]);
    const table = tableOf(server.port);
    const gone = once(table, 'removed');
    await table.open();
    expect(await gone).toMatchObject([{ id: A.id }]);
    expect(table.find('acme/a')).toBeUndefined();
  });

  it('follows a rename, also when another repository takes the old name first', async () => {
    const server = await registryThatSays([
      says(
        upserted(A),
        upserted({ id: B.id, path: 'acme/a' }),
        upserted({ id: A.id, path: 'acme/new' }),
        complete,
      ),
    ]);
    const table = tableOf(server.port);
    const told = once(table, 'complete');
    await table.open();
    await told;
    expect([table.find('acme/a')?.id, table.find('acme/new')?.id]).toEqual([B.id, A.id]);
  });

  it('keeps a removed repository out', async () => {
    const server = await registryThatSays([says(upserted(A), complete, removed(A.id))]);
    const table = tableOf(server.port);
    const gone = once(table, 'removed');
    await table.open();
    await gone;
    expect([table.get(A.id), table.find('acme/a')]).toEqual([undefined, undefined]);
  });

  it('is known after a restart without the registry', async () => {
    const server = await registryThatSays([says(upserted(A), complete)]);
    const first = tableOf(server.port);
    const told = once(first, 'complete');
    await first.open();
    await told;
    await first.close();
    const second = tableOf(1);
    await second.open();
    expect([second.isKnown, second.find('acme/a')?.id]).toEqual([true, A.id]);
  });

  it('knows whether the mirror is connected, also after a restart, and of which workspace it was', async () => {
    const server = await registryThatSays([
      says(upserted(A), connection(true, 'acme'), complete, connection(false, 'acme'), connection(false, '')),
    ]);
    const first = tableOf(server.port);
    const heard: unknown[] = [];
    first.on('connection', (news) => heard.push(news));
    await first.open();
    while (heard.length < 3) await once(first, 'connection');
    expect(heard[0]).toEqual({ connected: true, workspace: 'acme' });
    expect(first.connection).toEqual({ connected: false, workspace: 'acme' });
    await first.close();
    const second = tableOf(1);
    await second.open();
    expect(second.connection).toEqual({ connected: false, workspace: 'acme' });
  });

  it('reads the copy of a version that kept no connection', async () => {
    await writeFile(join(folder, 'table.json'), JSON.stringify([A]));
    const table = tableOf(1);
    await table.open();
    expect([table.isKnown, table.find('acme/a')?.id, table.connection]).toEqual([true, A.id, undefined]);
  });

  it('starts empty from a damaged copy rather than not at all', async () => {
    await writeFile(join(folder, 'table.json'), '[{"id":');
    const table = tableOf(1);
    await table.open();
    expect([table.isKnown, table.all()]).toEqual([false, []]);
  });
});
