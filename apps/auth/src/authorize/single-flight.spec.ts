import { describe, expect, it } from '@jest/globals';
import { SingleFlight } from './single-flight.js';
import { Turnstile } from './turnstile.js';

const later = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(value)));

describe('identical work', () => {
  it('is done once for all who come while it runs, and anew for those who come after', async () => {
    const flights = new SingleFlight<number>();
    let runs = 0;
    const work = (): Promise<number> => later((runs += 1));
    expect(await Promise.all(Array.from({ length: 100 }, () => flights.run('a', work)))).toEqual(
      Array(100).fill(1),
    );
    expect(await flights.run('a', work)).toBe(2);
    expect(flights.size).toBe(0);
  });

  it('fails for all who joined, and is then forgotten', async () => {
    const flights = new SingleFlight<number>();
    const broken = (): Promise<number> => later(0).then(() => Promise.reject(new Error('broken')));
    const results = await Promise.allSettled([flights.run('a', broken), flights.run('a', broken)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await flights.run('a', () => later(1))).toBe(1);
  });
});

describe('the turnstile', () => {
  it('lets no more run than it may, in the order in which they came', async () => {
    const turnstile = new Turnstile({ concurrency: 2, queue: 10 });
    let most = 0;
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        turnstile.pass(async () => {
          most = Math.max(most, turnstile.counts.running);
          order.push(i);
          await later(undefined);
        }),
      ),
    );
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(turnstile.counts).toEqual({ running: 0, waiting: 0 });
  });

  it('turns away who would have to wait behind too many', async () => {
    const turnstile = new Turnstile({ concurrency: 1, queue: 1 });
    const running = [turnstile.pass(() => later(1)), turnstile.pass(() => later(2))];
    await expect(turnstile.pass(() => later(3))).rejects.toMatchObject({ code: 'busy' });
    expect(await Promise.all(running)).toEqual([1, 2]);
  });

  it('gives the place back when the work fails', async () => {
    const turnstile = new Turnstile({ concurrency: 1, queue: 1 });
    await expect(turnstile.pass(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await turnstile.pass(() => later(1))).toBe(1);
  });
});
