import { describe, expect, it } from '@jest/globals';
import { isMet, rowOf } from './row.js';

describe('row', () => {
  it('compares medians in the direction that it names', () => {
    const values = { baseline: [100, 110, 400], mirror: [5, 6, 4] };
    expect(rowOf('CPU', 'ms', values, { direction: 'baseline ÷ mirror' }).ratio).toBe(22);
    expect(rowOf('CPU', 'ms', values, { direction: 'mirror ÷ baseline' }).ratio).toBeCloseTo(1 / 22);
  });

  it('knows whether its aim is met, and says nothing where there is none', () => {
    const values = { baseline: [10], mirror: [11] };
    const direction = 'mirror ÷ baseline';
    expect(isMet(rowOf('wall', 's', values, { direction, aim: { atMost: 1.1 } }))).toBe(true);
    expect(isMet(rowOf('wall', 's', values, { direction, aim: { atMost: 1.05 } }))).toBe(false);
    expect(isMet(rowOf('wall', 's', values, { direction, aim: { atLeast: 20 } }))).toBe(false);
    expect(isMet(rowOf('wall', 's', values, { direction }))).toBeUndefined();
  });
});
