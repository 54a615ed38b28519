import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { lfs } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import {
  answerStream,
  followStream,
  openClient,
  RpcServer,
  type CallContext,
  type StreamSettings,
} from '@antipode/rpc';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});

const state = (missing: number): lfs.FollowFillResponse => ({
  missing,
  missingBytes: 0,
  failed: 0,
  present: 0,
  presentBytes: 0,
});
type Handler = (call: CallContext) => AsyncIterable<lfs.FollowFillResponse>;

async function serve(handler: Handler): Promise<{ server: RpcServer; client: lfs.LfsServiceClient }> {
  const notHere = (): never => {
    throw new Error('not here');
  };
  const server = new RpcServer('127.0.0.1:0').add(lfs.LfsServiceService, {
    batch: notHere,
    takePointers: notHere,
    followFill: answerStream((_: lfs.FollowFillRequest, call) => handler(call)),
  });
  await server.listen();
  const client = openClient(lfs.LfsServiceClient, `127.0.0.1:${server.port}`);
  open.push(client, server);
  return { server, client };
}

const PATIENT = { timeoutMs: 5000, idleMs: 5000 };

async function read(client: lfs.LfsServiceClient, settings: StreamSettings = PATIENT): Promise<number[]> {
  const seen: number[] = [];
  for await (const { missing } of followStream(client, 'followFill', { repositoryId: 'r' }, settings))
    seen.push(missing);
  return seen;
}

/** Says one thing, then nothing more until its caller has gone. */
const silent = (told: string[] = []): Handler =>
  async function* ({ signal }) {
    yield state(1);
    await delay(20_000, undefined, { signal }).catch(() => told.push('gone'));
  };

describe('a stream of a neighbour', () => {
  it('brings everything, in order, and ends', async () => {
    const { client } = await serve(async function* () {
      for (let n = 0; n < 1000; n += 1) yield await Promise.resolve(state(n));
    });
    expect(await read(client)).toEqual(Array.from({ length: 1000 }, (_, n) => n));
  });

  it('brings the code of a failure after what came before it', async () => {
    const { client } = await serve(async function* () {
      yield await Promise.resolve(state(1));
      throw new AntipodeError('not_found', 'looking for a repository');
    });
    await expect(read(client)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('ends at its deadline, when nothing comes, and when it is told to; the neighbour hears of it', async () => {
    const told: string[] = [];
    const { client } = await serve(silent(told));
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    await Promise.all([
      expect(read(client, { ...PATIENT, timeoutMs: 100 })).rejects.toMatchObject({ code: 'timed_out' }),
      expect(read(client, { ...PATIENT, idleMs: 100 })).rejects.toMatchObject({
        code: 'timed_out',
        context: { idleMs: 100 },
      }),
      expect(read(client, { ...PATIENT, signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' }),
      expect(read(client, { ...PATIENT, signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'cancelled',
      }),
    ]);
    while (told.length < 3) await delay(5);
  });

  it('ends when its reader stops', async () => {
    const told: string[] = [];
    const { client } = await serve(silent(told));
    for await (const { missing } of followStream(client, 'followFill', { repositoryId: 'r' }, PATIENT)) {
      expect(missing).toBe(1);
      break;
    }
    while (told.length < 1) await delay(5);
  });

  it('does not take a slow reader for a silent neighbour', async () => {
    const { client } = await serve(async function* () {
      for (let n = 0; n < 3; n += 1) yield await Promise.resolve(state(n));
    });
    const seen: number[] = [];
    const settings = { ...PATIENT, idleMs: 100 };
    for await (const { missing } of followStream(client, 'followFill', { repositoryId: 'r' }, settings)) {
      await delay(150);
      seen.push(missing);
    }
    expect(seen).toEqual([0, 1, 2]);
  });

  it('is service_unavailable when the neighbour is not there', async () => {
    const { server, client } = await serve(silent());
    await server.close();
    await expect(read(client)).rejects.toMatchObject({ code: 'service_unavailable' });
  });
});
