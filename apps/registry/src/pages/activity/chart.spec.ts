import { describe, expect, it } from '@jest/globals';
import { ceiling, chart, path } from './chart.js';

const MIB = 1024 ** 2;

describe('a chart', () => {
  it.each([
    [0, 'decimal', 1],
    [0.3, 'decimal', 0.5],
    [37, 'decimal', 50],
    [100, 'decimal', 100],
    [150 * MIB, 'binary', 200 * MIB],
    [900 * 1024, 'binary', 1000 * 1024],
  ] as const)('shows %s (%s) under %s', (value, base, top) => {
    expect(ceiling(value, base)).toBeCloseTo(top);
  });

  it('breaks its line where nobody looked, and shows a lonely point as a dot', () => {
    const same = (value: number): number => value;
    expect(path([1, 2, null, 3, null], same, same)).toBe('M0 1L1 2M3 3h0.1');
  });

  it('says the same in a table, and has words for those who do not see it', () => {
    const { text } = chart({
      id: 'lag',
      title: 'Lag',
      summary: 'At most 9 s.',
      kind: 'lines',
      base: 'decimal',
      at: ['2026-06-30T12:00:00.000Z', '2026-06-30T12:10:00.000Z'],
      series: [{ name: 'the oldest', look: 'one', values: [9, null] }],
      write: (value) => `${value} s`,
    });
    expect(text).toContain('<title id="lag-title">Lag</title><desc id="lag-words">At most 9 s.</desc>');
    expect(text).toMatch(/12:10<\/th><td class="number">–<\/td>.*12:00<\/th><td class="number">9 s<\/td>/s);
    expect(text).not.toMatch(/style=|NaN|undefined/);
  });

  it('says so where there is nothing to draw', () => {
    const empty = { id: 'a', title: 't', summary: 's', base: 'binary', write: String } as const;
    const seriesOf = (...values: (number | null)[]) => [{ name: 'n', look: 'one', values }] as const;
    const at = ['2026-06-30T12:00:00.000Z', '2026-06-30T12:10:00.000Z'];
    const isEmpty = (kind: 'bars' | 'lines', ...values: (number | null)[]): boolean =>
      chart({ ...empty, kind, at, series: seriesOf(...values) }).text.includes('Nothing within this time.');
    expect([isEmpty('bars', 0, null), isEmpty('bars', 0, 1)]).toEqual([true, false]);
    expect([isEmpty('lines', null, null), isEmpty('lines', 0, null)]).toEqual([true, false]);
  });
});
