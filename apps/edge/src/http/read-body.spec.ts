import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { BodyBudget, readBody } from './read-body.js';

const MOST = 1000;

/** A request whose body comes chunk by chunk, with a pause before each. */
function requestOf(chunks: number, pauseMs: number): IncomingMessage {
  async function* body(): AsyncGenerator<Buffer> {
    for (let sent = 0; sent < chunks; sent += 1) {
      await delay(pauseMs, undefined, { ref: false });
      yield Buffer.from('x');
    }
  }
  return Object.assign(Readable.from(body(), { objectMode: false }), { headers: {} }) as IncomingMessage;
}

describe('a body that is held in memory', () => {
  it('is given up when it is not whole in time, though it never stands still', async () => {
    const budget = new BodyBudget(MOST);
    const request = requestOf(Infinity, 2);
    const limits = { maxBytes: MOST, budget, idleMs: 10_000, totalMs: 40 };
    await expect(readBody(request, limits)).rejects.toMatchObject({ code: 'timed_out' });
    request.destroy();
    // Nothing of it is held any more.
    expect(() => budget.take(MOST)).not.toThrow();
  });

  it('is given up when it stands still', async () => {
    const request = requestOf(Infinity, 10_000);
    const limits = { maxBytes: MOST, budget: new BodyBudget(MOST), idleMs: 20, totalMs: 10_000 };
    await expect(readBody(request, limits)).rejects.toMatchObject({ code: 'timed_out' });
    request.destroy();
  });

  it('may take its time, as long as that is not too much', async () => {
    const limits = { maxBytes: MOST, budget: new BodyBudget(MOST), idleMs: 10_000, totalMs: 10_000 };
    const { decoded, release } = await readBody(requestOf(5, 1), limits);
    expect(decoded.toString()).toBe('xxxxx');
    release();
  });
});
