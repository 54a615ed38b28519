import { performance } from 'node:perf_hooks';
import { Client } from 'undici';
import type { LoadJob } from './load-job.js';
import type { RecordedRequest } from './recorded.js';

const KEPT = 20_000;
/** After an answer that was not 200: a busy server gets a moment, as `Retry-After` would ask for. */
const PAUSE_MS = 250;

/** What one client has seen. */
export class Tally {
  exchanges = 0;
  requests = 0;
  bytes = 0;
  readonly exchangeMs: number[] = [];
  readonly firstByteMs: number[] = [];
  readonly failures: Record<string, number> = {};
}

interface Answer {
  readonly status: number;
  readonly firstByteAt: number;
}

/** Sends the exchange again and again, reads every byte of the answers and keeps none. */
export async function replay(job: LoadJob): Promise<Tally> {
  const tally = new Tally();
  const client = new Client(job.origin, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  const requests = job.exchange.map((request) => ({
    ...request,
    bytes: Buffer.from(request.body, 'base64'),
  }));
  const endAt = 'seconds' in job.until ? performance.now() + job.until.seconds * 1000 : Infinity;
  const rounds = 'rounds' in job.until ? job.until.rounds : Infinity;
  let tries = 0;
  while (tally.exchanges < rounds && performance.now() < endAt && tries < rounds * 50) {
    tries += 1;
    if (!(await once(client, requests, tally))) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  await client.close();
  return tally;
}

async function once(
  client: Client,
  requests: readonly (RecordedRequest & { bytes: Buffer })[],
  tally: Tally,
): Promise<boolean> {
  const begun = performance.now();
  let lastBegun = begun;
  let answer: Answer = { status: 0, firstByteAt: begun };
  for (const request of requests) {
    lastBegun = performance.now();
    answer = await send(client, request, tally);
    tally.requests += 1;
    if (answer.status === 200) continue;
    const word = answer.status === 0 ? 'broken' : String(answer.status);
    tally.failures[word] = (tally.failures[word] ?? 0) + 1;
    return false;
  }
  tally.exchanges += 1;
  if (tally.exchangeMs.length < KEPT) {
    tally.exchangeMs.push(performance.now() - begun);
    tally.firstByteMs.push(answer.firstByteAt - lastBegun);
  }
  return true;
}

/** The lowest layer of undici: no streams, no promises per chunk, so that the client stays cheap. */
function send(client: Client, request: RecordedRequest & { bytes: Buffer }, tally: Tally): Promise<Answer> {
  return new Promise((resolve) => {
    let status = 0;
    let firstByteAt = 0;
    const { method, path, headers } = request;
    client.dispatch(
      { method, path, headers, body: method === 'POST' ? request.bytes : null },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, code) => void (status = code),
        onResponseData: (_controller, chunk) => {
          firstByteAt ||= performance.now();
          tally.bytes += chunk.length;
        },
        onResponseEnd: () => resolve({ status, firstByteAt }),
        onResponseError: () => resolve({ status: 0, firstByteAt }),
      },
    );
  });
}
