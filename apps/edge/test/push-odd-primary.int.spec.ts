import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FLUSH, readPackets, readSideBand, writePacket, writeSideBand } from '@antipode/git-wire';
import { eventually } from '@antipode/testing';
import { basic, GivenEdge, WRITER } from './given-edge.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

let edge: GivenEdge;
let odd: Server;
let answer: Answer;
let received: { bytes: number; ended: boolean };

const RESULT = { 'content-type': 'application/x-git-receive-pack-result' };
const REF = 'refs/heads/x';
const OID = '1'.repeat(40);
const COMMAND = (capabilities: string) =>
  writePacket(`${OID} ${'0'.repeat(40)} ${REF}\0 ${capabilities} agent=test`);
const PUSH = Buffer.concat([COMMAND('report-status side-band-64k'), FLUSH]);
const REPORT = Buffer.concat([writePacket('unpack ok\n'), writePacket(`ok ${REF}\n`), FLUSH]);
const GOOD = Buffer.concat([writeSideBand('progress', 'hm'), writeSideBand('data', REPORT), FLUSH]);

beforeAll(async () => {
  odd = createServer((incoming, response) => {
    if (incoming.method === 'GET')
      return void response
        .writeHead(200, { 'content-type': 'application/x-git-receive-pack-advertisement' })
        .end('001f# service=git-receive-pack\n00000000');
    void answer(incoming, response);
  });
  odd.listen(0, '127.0.0.1');
  await once(odd, 'listening');
  edge = await GivenEdge.open({
    settings: {
      PRIMARY_GIT_URL: `http://127.0.0.1:${(odd.address() as { port: number }).port}`,
      PUSH_IDLE_SECONDS: '1',
      PUSH_MAX_MIB: '64',
    },
  });
  await edge.add('acme/widget');
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
  odd.closeAllConnections();
  odd.close();
});
beforeEach(() => {
  received = { bytes: 0, ended: false };
  edge.logs.length = 0;
});

/** Takes all of a request, and says so. */
async function take(incoming: IncomingMessage): Promise<void> {
  incoming.on('data', (chunk: Buffer) => (received.bytes += chunk.length));
  await once(incoming, 'end');
  received.ended = true;
}

interface Heard {
  readonly status: number | string;
  readonly end: 'clean' | 'broken';
  readonly body: Buffer;
}

/** Sends a push and tells how the answer ended. */
async function push(body: Buffer | AsyncIterable<Buffer> = PUSH): Promise<Heard> {
  const { call, heard } = begin(body);
  const result = await heard;
  call.destroy();
  return result;
}

function begin(body: Buffer | AsyncIterable<Buffer>) {
  const { hostname, port } = new URL(edge.url);
  const call = request({
    hostname,
    port,
    path: '/acme/widget.git/git-receive-pack',
    method: 'POST',
    agent: false,
    headers: {
      authorization: basic(WRITER),
      'content-type': 'application/x-git-receive-pack-request',
      ...(Buffer.isBuffer(body) ? { 'content-length': body.length } : {}),
    },
  });
  const heard = new Promise<Heard>((resolve) => {
    call.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ status: error.code ?? 'error', end: 'broken', body: Buffer.alloc(0) }),
    );
    call.on('response', (response) => {
      const chunks: Buffer[] = [];
      const end = (how: Heard['end']) =>
        resolve({ status: response.statusCode ?? 0, end: how, body: Buffer.concat(chunks) });
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => end('clean'));
      response.on('error', () => end('broken'));
    });
  });
  if (Buffer.isBuffer(body)) call.end(body);
  else void send(call, body);
  return { call, heard };
}

async function send(call: ReturnType<typeof request>, body: AsyncIterable<Buffer>): Promise<void> {
  let wake: () => void = () => undefined;
  call.on('drain', () => wake()).on('close', () => wake());
  for await (const chunk of body) {
    if (call.destroyed) return;
    if (!call.write(chunk)) await new Promise<void>((resolve) => (wake = resolve));
  }
  call.end();
}

async function* endless(mebibytes: number): AsyncGenerator<Buffer> {
  yield PUSH;
  for (let i = 0; i < mebibytes; i += 1) yield Buffer.alloc(1024 * 1024, i);
}

async function* unfinished(): AsyncGenerator<Buffer> {
  yield* endless(2);
  await new Promise(() => undefined);
}

/** What git would show of an answer's bands, in order. */
const bands = (body: Buffer): string[] =>
  [...readPackets(body)].map((packet) => {
    if (packet.kind !== 'data') return packet.kind;
    const { band, content } = readSideBand(packet.data);
    return `${band}: ${content.toString()}`;
  });

const UNKNOWN =
  /^error: \S+ has not confirmed this push: it is UNKNOWN whether it arrived.*git ls-remote http.*acme\/widget\.git/s;
const expectUnknown = async (heard: Heard, before: string[] = []) => {
  expect(heard).toMatchObject({ status: 200, end: 'broken' });
  const all = bands(heard.body);
  expect(all.slice(0, -1)).toEqual(before);
  expect(all.at(-1)).toMatch(UNKNOWN);
  await eventually(() => edge.logs.some((line) => line['push'] === 'unknown' && line['broken_off'] === true));
};

describe('a primary', () => {
  it('that answers well is heard word by word', async () => {
    answer = async (incoming, response) => {
      await take(incoming);
      response.writeHead(200, RESULT).end(GOOD);
    };
    expect(await push()).toEqual({ status: 200, end: 'clean', body: GOOD });
    expect(received).toEqual({ bytes: PUSH.length, ended: true });
  });

  it.each([
    [
      'answers with a page',
      (response: ServerResponse) =>
        void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    ],
    [
      'fails when it has everything',
      (response: ServerResponse) => void response.writeHead(502).end('bad gateway'),
    ],
    ['hangs up without a word', (response: ServerResponse) => void response.socket?.destroy()],
    ['answers with nothing', (response: ServerResponse) => void response.writeHead(200, RESULT).end()],
    [
      'says only that it has ended',
      (response: ServerResponse) => void response.writeHead(200, RESULT).end(FLUSH),
    ],
    [
      'encodes its answer',
      (response: ServerResponse) =>
        void response.writeHead(200, { ...RESULT, 'content-encoding': 'gzip' }).end(gzipSync(GOOD)),
    ],
    [
      'says what is no packet',
      (response: ServerResponse) => void response.writeHead(200, RESULT).end('success!'),
    ],
    ['says nothing at all', () => undefined],
  ])('that %s leaves it unknown', async (_, respond) => {
    answer = async (incoming, response) => {
      await take(incoming);
      respond(response);
    };
    await expectUnknown(await push());
  });

  it.each([
    ['in the middle of its report', 30, 'break'],
    ['before its last word', GOOD.length - 4, 'break'],
    ['inside its last word', GOOD.length - 2, 'break'],
    ['in the middle of its report, and seems to have ended well', 30, 'end'],
    ['before its last word, and seems to have ended well', GOOD.length - 4, 'end'],
  ] as const)('that breaks off %s leaves it unknown', async (_, bytes, how) => {
    answer = async (incoming, response) => {
      await take(incoming);
      response.writeHead(200, RESULT);
      response.write(GOOD.subarray(0, bytes));
      if (how === 'end') response.end();
      else setTimeout(() => response.socket?.destroySoon(), 20);
    };
    const whole = bands(GOOD).slice(0, bytes === 30 ? 1 : 2);
    await expectUnknown(await push(), whole);
  });

  it('that breaks off is a broken connection for a client without side-band', async () => {
    answer = async (incoming, response) => {
      await take(incoming);
      response.writeHead(200, RESULT).write(REPORT.subarray(0, -4));
      setTimeout(() => response.socket?.destroySoon(), 20);
    };
    const heard = await push(Buffer.concat([COMMAND('report-status'), FLUSH]));
    expect(heard).toMatchObject({ status: 200, end: 'broken', body: REPORT.subarray(0, -4) });
  });

  it('that redirects has done nothing, and is not followed', async () => {
    answer = async (incoming, response) => {
      await take(incoming);
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    };
    expect(await push()).toMatchObject({ status: 502, end: 'clean' });
    expect(edge.logs.at(-1)).toMatchObject({ push: 'refused' });
  });

  it('that changes its mind says so itself, and is asked again', async () => {
    answer = async (incoming, response) => {
      await take(incoming);
      response.writeHead(403, { 'content-type': 'text/plain' }).end('Enable two-step verification.');
    };
    const asked = edge.neighbours.asked.authorize;
    const heard = await push();
    expect(heard).toMatchObject({ status: 403, end: 'clean' });
    expect(heard.body.toString()).toBe('Enable two-step verification.\n');
    await push();
    expect(edge.neighbours.asked.authorize).toBe(asked + 1);
  });

  it('that does not read sets the pace: nothing is piled up here', async () => {
    answer = () => undefined;
    let taken = 0;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of endless(60)) {
        taken += chunk.length;
        yield chunk;
      }
    };
    await expectUnknown(await push(counted()));
    // Sockets have buffers of their own, of some megabytes on each of the two ways.
    expect(taken).toBeLessThan(32 * 1024 * 1024);
    expect(edge.logs.at(-1)?.['bytes_in']).toBeLessThan(16 * 1024 * 1024);
  });

  it('that refuses before it has read everything is heard by a client that still sends', async () => {
    answer = (_, response) => void response.writeHead(403, { 'content-type': 'text/plain' }).end('Too much.');
    const heard = await push(endless(7));
    expect(heard).toMatchObject({ status: 403, end: 'clean' });
    expect(heard.body.toString()).toContain('Too much.');
  });

  it('that reports before it has read everything is heard as well', async () => {
    const report = Buffer.concat([
      writePacket('unpack too large\n'),
      writePacket(`ng ${REF} unpacker error\n`),
      FLUSH,
    ]);
    const whole = Buffer.concat([writeSideBand('data', report), FLUSH]);
    answer = (_, response) => void response.writeHead(200, RESULT).end(whole);
    expect(await push(endless(7))).toEqual({ status: 200, end: 'clean', body: whole });
  });

  it('that says itself that it has failed is the last to speak', async () => {
    const whole = Buffer.concat([writeSideBand('progress', 'hm'), writeSideBand('error', 'disk full')]);
    answer = async (incoming, response) => {
      await take(incoming);
      response.writeHead(200, RESULT).end(whole);
    };
    expect(await push()).toEqual({ status: 200, end: 'clean', body: whole });
  });
});

describe('a client', () => {
  it('that leaves in the middle never lets the primary see an end', async () => {
    let aborted = false;
    answer = (incoming) => {
      incoming.on('error', () => (aborted = true));
      void take(incoming).catch(() => undefined);
    };
    const { call } = begin(unfinished());
    await eventually(() => received.bytes > 1024 * 1024);
    call.destroy();
    await eventually(() => aborted);
    expect(received.ended).toBe(false);
    await eventually(() => edge.logs.at(-1)?.['code'] === 'cancelled');
  });

  it('that leaves when all is sent does not stop the primary, and the push is published', async () => {
    let finish: () => void = () => undefined;
    let wasCutOff = false;
    answer = async (incoming, response) => {
      await take(incoming);
      response.once('close', () => (wasCutOff = !response.writableFinished));
      finish = () => void response.writeHead(200, RESULT).end(GOOD);
    };
    const asked = edge.neighbours.asked.ensureFresh;
    const { call } = begin(PUSH);
    await eventually(() => received.ended);
    call.destroy();
    // Nothing is to be seen of an edge that does nothing.
    await sleep(100);
    finish();
    await eventually(() => edge.neighbours.asked.ensureFresh > asked);
    expect(wasCutOff).toBe(false);
    await eventually(
      () => edge.logs.at(-1)?.['push'] === 'relayed' && edge.logs.at(-1)?.['broken_off'] === true,
    );
  });

  it.each([
    ['tells', Buffer.alloc(65 * 1024 * 1024)],
    ['does not tell', undefined],
  ])('that sends more than is taken, and %s, is refused', async (_, body) => {
    answer = (incoming) => void take(incoming).catch(() => undefined);
    expect(await push(body ?? endless(65))).toMatchObject({ status: 413, end: 'clean' });
    expect(received.ended).toBe(false);
  });
});

it('says plainly that nothing was pushed where the primary cannot be reached', async () => {
  odd.closeAllConnections();
  odd.close();
  await once(odd, 'close');
  const heard = await push();
  expect(heard).toMatchObject({ status: 503, end: 'clean' });
  expect(edge.logs.at(-1)).toMatchObject({ push: 'refused', code: 'primary_unavailable' });
});
