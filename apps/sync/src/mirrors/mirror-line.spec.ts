import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MirrorLine, type RunContext } from './mirror-line.js';

/** Runs that the test asks and ends by hand, on a clock of its own. */
function givenLine(): {
  line: MirrorLine<number>;
  work: (context: RunContext) => Promise<number>;
  runs: { ask(atMs: number): void; end(): void; fail(): void }[];
} {
  const runs: { ask(atMs: number): void; end(): void; fail(): void }[] = [];
  const work = (context: RunContext): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const number = runs.length;
    runs.push({
      ask: (atMs) => context.onAsk(atMs),
      end: () => resolve(number),
      fail: () => reject(new Error(`run ${number}`)),
    });
    return promise;
  };
  return { line: new MirrorLine<number>(work), work, runs };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a line of runs', () => {
  it('lets everybody join a run that has not asked yet', async () => {
    const { line, runs } = givenLine();
    const joined = [line.join(10), line.join(20), line.join(30)];
    runs[0]?.ask(40);
    runs[0]?.end();
    expect(await Promise.all(joined)).toEqual([0, 0, 0]);
    expect(runs).toHaveLength(1);
  });

  it('makes one next run for all who need a later answer', async () => {
    const { line, runs } = givenLine();
    const first = line.join(10);
    runs[0]?.ask(15);
    const early = line.join(12);
    const late = Promise.all([line.join(16), line.join(17), line.join(18)]);
    runs[0]?.end();
    expect(await first).toBe(0);
    expect(await early).toBe(0);
    await settle();
    runs[1]?.ask(20);
    runs[1]?.end();
    expect(await late).toEqual([1, 1, 1]);
    expect(runs).toHaveLength(2);
  });

  it('goes on after a run that failed, and tells only those who joined it', async () => {
    const { line, runs } = givenLine();
    const first = line.join(10);
    runs[0]?.ask(15);
    const second = line.join(16);
    runs[0]?.fail();
    await expect(first).rejects.toThrow('run 0');
    await settle();
    runs[1]?.end();
    expect(await second).toBe(1);
    expect(line.isBusy).toBe(false);
  });

  it('does what was ordered in turn, once each, also where nobody else waits, and lets others join it', async () => {
    const { line, work, runs } = givenLine();
    const began: string[] = [];
    const order = (name: string): Promise<number> =>
      line.order((context) => {
        began.push(name);
        return work(context);
      });
    const usual = line.join(10);
    runs[0]?.ask(15);
    const ordered = [order('one'), order('two')];
    const joined = line.join(16);
    expect(began).toEqual([]);
    runs[0]?.end();
    expect(await usual).toBe(0);
    await settle();
    expect(began).toEqual(['one']);
    runs[1]?.ask(20);
    runs[1]?.fail();
    await expect(ordered[0]).rejects.toThrow('run 1');
    await expect(joined).rejects.toThrow('run 1');
    await settle();
    expect(began).toEqual(['one', 'two']);
    runs[2]?.end();
    expect(await ordered[1]).toBe(2);
    await settle();
    expect(runs).toHaveLength(3);
    expect(line.isBusy).toBe(false);
  });

  it('never runs two at once, and never answers by a question that was too early', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('join', 'order', 'ask', 'end', 'fail'), { maxLength: 40 }),
        async (steps) => {
          const asked: number[] = [];
          let now = 0;
          let running = 0;
          let orders = 0;
          const { line, work, runs } = givenLine();
          const answers: Promise<void>[] = [];
          for (const step of steps) {
            now += 1;
            const current = runs.at(-1);
            if (step === 'join') {
              const wanted = now;
              const note = async (): Promise<void> => {
                const run = await line.join(wanted).catch(() => undefined);
                if (run !== undefined && asked[run] !== undefined)
                  expect(asked[run]).toBeGreaterThanOrEqual(wanted);
              };
              answers.push(note());
            } else if (step === 'order') {
              orders += 1;
              const count = (context: RunContext): Promise<number> => {
                orders -= 1;
                return work(context);
              };
              answers.push(
                line.order(count).then(
                  () => undefined,
                  () => undefined,
                ),
              );
            } else if (step === 'ask' && line.isBusy) current?.ask((asked[runs.length - 1] = now));
            else if (step === 'end') current?.end();
            else current?.fail();
            await settle();
            running = line.isBusy ? 1 : 0;
            expect(running).toBeLessThanOrEqual(1);
          }
          while (line.isBusy) {
            runs.at(-1)?.end();
            await settle();
          }
          await Promise.all(answers);
          expect(orders).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });
});
