import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { auth } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import { answerUnary, callUnary, openClient, RpcServer, type CallContext } from '@antipode/rpc';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});

const QUESTION: auth.AuthorizeRequest = {
  repositoryPath: 'acme/widget',
  right: auth.Right.RIGHT_READ,
  authorization: '',
  clientAddress: '',
  keyHolder: undefined,
};
const ANSWER: auth.AuthorizeResponse = { principal: 'p', validUntilMs: 5, outage: false };

type Handler = (request: auth.AuthorizeRequest, call: CallContext) => Promise<auth.AuthorizeResponse>;

async function serve(handler: Handler, address = '127.0.0.1:0'): Promise<RpcServer> {
  const server = new RpcServer(address).add(auth.AuthServiceService, { authorize: answerUnary(handler) });
  await server.listen();
  open.push(server);
  return server;
}

function clientOf(server: RpcServer): auth.AuthServiceClient {
  const client = openClient(auth.AuthServiceClient, `127.0.0.1:${server.port}`);
  open.push(client);
  return client;
}

describe('a call to a neighbour', () => {
  it('brings the answer', async () => {
    const client = clientOf(await serve(async () => ANSWER));
    await expect(callUnary(client, 'authorize', QUESTION, { timeoutMs: 2000 })).resolves.toEqual(ANSWER);
  });

  it('brings the code and the hint of a refusal', async () => {
    const client = clientOf(
      await serve(async () => {
        throw new AntipodeError(
          'denied',
          'asking the primary',
          {},
          { hint: 'Enable two-step verification.' },
        );
      }),
    );
    await expect(callUnary(client, 'authorize', QUESTION, { timeoutMs: 2000 })).rejects.toMatchObject({
      code: 'denied',
      hint: 'Enable two-step verification.',
    });
  });

  it('ends at its deadline, and the neighbour is told', async () => {
    const told: string[] = [];
    const client = clientOf(
      await serve(async (_, { signal }) => {
        await delay(5000, undefined, { signal }).catch(() => told.push('aborted'));
        return ANSWER;
      }),
    );
    await expect(callUnary(client, 'authorize', QUESTION, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'timed_out',
    });
    await delay(100);
    expect(told).toEqual(['aborted']);
  });

  it('ends when its caller goes away', async () => {
    const client = clientOf(await serve((_, { signal }) => delay(5000, ANSWER, { signal })));
    const controller = new AbortController();
    const call = callUnary(client, 'authorize', QUESTION, { timeoutMs: 5000, signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('is service_unavailable while nobody listens, and works within two seconds once somebody does', async () => {
    const first = await serve(async () => ANSWER);
    const client = clientOf(first);
    await first.close();
    await expect(callUnary(client, 'authorize', QUESTION, { timeoutMs: 2000 })).rejects.toMatchObject({
      code: 'service_unavailable',
    });
    await serve(async () => ANSWER, `127.0.0.1:${first.port}`);
    await delay(1200);
    await expect(callUnary(client, 'authorize', QUESTION, { timeoutMs: 2000 })).resolves.toEqual(ANSWER);
  });
});
