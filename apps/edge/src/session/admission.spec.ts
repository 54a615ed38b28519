import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Admission, type Leave } from './admission.js';

const never = new AbortController().signal;
const given = (options: Partial<ConstructorParameters<typeof Admission>[0]> = {}) =>
  new Admission({ concurrency: 2, queue: 3, waitMs: 1000, ...options });
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('admission', () => {
  it('lets in as many as there are places, then whoever waits as soon as one leaves', async () => {
    const admission = given();
    const first = await admission.enter('a', never);
    await admission.enter('a', never);
    let admitted = false;
    const third = admission.enter('a', never).then(() => (admitted = true));
    await settle();
    expect(admitted).toBe(false);
    first();
    first();
    await third;
    expect(admission.counts).toEqual({ running: 2, waiting: 0 });
  });

  it('keeps the place of whoever waited from whoever comes at that moment', async () => {
    const admission = given({ concurrency: 1 });
    const first = await admission.enter('a', never);
    const waiting = admission.enter('a', never);
    first();
    const late = admission.enter('b', never);
    expect(admission.counts).toEqual({ running: 1, waiting: 1 });
    (await waiting)();
    (await late)();
  });

  it('turns away at once whoever finds the queue full', async () => {
    const admission = given({ concurrency: 1, queue: 1 });
    await admission.enter('a', never);
    void admission.enter('a', never).catch(() => undefined);
    await expect(admission.enter('b', never)).rejects.toMatchObject({ code: 'busy' });
  });

  it('turns away whoever has waited too long, and forgets whoever is gone', async () => {
    const admission = given({ concurrency: 1, waitMs: 5 });
    await admission.enter('a', never);
    await expect(admission.enter('a', never)).rejects.toMatchObject({ code: 'busy' });
    const gone = new AbortController();
    const waiting = admission.enter('a', gone.signal);
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect(admission.counts).toEqual({ running: 1, waiting: 0 });
  });

  it('gives the next place to the repository that has the fewest', async () => {
    const admission = given({ concurrency: 2, queue: 10 });
    const [leave] = [await admission.enter('noisy', never), await admission.enter('noisy', never)];
    const order: string[] = [];
    const wait = (key: string) =>
      void admission.enter(key, never).then(
        () => order.push(key),
        () => undefined,
      );
    wait('noisy');
    wait('noisy');
    wait('quiet');
    leave();
    await settle();
    expect(order).toEqual(['quiet']);
  });

  it('never lets in more than there are places, and lets everybody in in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        async (keys, concurrency) => {
          const admission = given({ concurrency, queue: 100 });
          const inside: Leave[] = [];
          const all = keys.map((key) => admission.enter(key, never).then((leave) => void inside.push(leave)));
          for (let left = 0; left < keys.length; left += 1) {
            await settle();
            expect(admission.counts.running).toBeLessThanOrEqual(concurrency);
            inside.shift()?.();
          }
          await Promise.all(all);
          expect(admission.counts).toEqual({ running: 0, waiting: 0 });
        },
      ),
      { numRuns: 50 },
    );
  });
});
