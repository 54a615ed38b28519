import { describe, expect, it } from '@jest/globals';
import { dueForComparison } from './due-for-comparison.js';

const id = (n: number): string => `${n.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
const settings = { everyMs: 60_000, nowMs: 1_000_000, tickMs: 1000 };

describe('what is due for comparison', () => {
  it('is what was confirmed longest ago, first', () => {
    const mirrors = [
      { id: id(1), confirmedAtMs: settings.nowMs - 70_000 },
      { id: id(2), confirmedAtMs: settings.nowMs - 90_000 },
      { id: id(3), confirmedAtMs: settings.nowMs - 1000 },
    ];
    expect(dueForComparison(mirrors, settings)).toEqual([id(2)]);
  });

  it('is no more than a share after a standstill', () => {
    const mirrors = Array.from({ length: 6000 }, (_, n) => ({ id: id(n), confirmedAtMs: 0 }));
    expect(dueForComparison(mirrors, settings)).toHaveLength(200);
  });

  it('comes round for everything within its period', () => {
    const mirrors = Array.from({ length: 600 }, (_, n) => ({ id: id(n * 7_000_000), confirmedAtMs: 0 }));
    let worst = 0;
    for (let nowMs = 0; nowMs < 300_000; nowMs += settings.tickMs) {
      for (const due of dueForComparison(mirrors, { ...settings, nowMs })) {
        const i = mirrors.findIndex((mirror) => mirror.id === due);
        worst = Math.max(worst, nowMs - (mirrors[i]?.confirmedAtMs ?? 0));
        mirrors[i] = { id: due, confirmedAtMs: nowMs };
      }
    }
    expect(worst).toBeLessThanOrEqual(settings.everyMs + 30_000);
  });
});
