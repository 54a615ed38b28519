import { describe, expect, it } from '@jest/globals';
import { phaseOf, sizeOf, spanOf } from './format.js';

interface Script {
  spanOf(seconds: number): string;
  sizeOf(bytes: number): string;
  stateOf(phase: string, progress: { percent: number } | null): [string, string];
  countByProject(repositories: unknown[]): Record<string, { total: number; synced: number }>;
}
const script = (await import(new URL('../assets/antipode.js', import.meta.url).href)) as Script;

describe('what pages say of numbers', () => {
  it.each([
    [-1, '0 s'],
    [3.9, '3 s'],
    [119, '119 s'],
    [120, '2 min'],
    [7199, '119 min'],
    [7200, '2 h'],
    [172_800, '2 days'],
  ])('a span of %s seconds is %s, from the server as in the browser', (seconds, words) => {
    expect([spanOf(seconds), script.spanOf(seconds)]).toEqual([words, words]);
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1_572_864, '1.5 MiB'],
    [120 * 1024 ** 3, '120 GiB'],
    [5000 * 1024 ** 4, '5000 TiB'],
  ])('%s bytes are %s, from the server as in the browser', (bytes, words) => {
    expect([sizeOf(bytes), script.sizeOf(bytes)]).toEqual([words, words]);
  });

  it('counts what has been brought of each project', () => {
    const phases = [
      ['WEB', 'ready'],
      ['WEB', 'syncing'],
      ['WEB', 'cloning'],
      ['OPS', 'failing'],
    ];
    expect(script.countByProject(phases.map(([projectKey, phase]) => ({ projectKey, phase })))).toEqual({
      WEB: { total: 3, synced: 2 },
      OPS: { total: 1, synced: 0 },
    });
  });

  it.each(['absent', 'cloning', 'syncing', 'ready', 'failing', 'removed', 'unheard of'])(
    'shows the phase %s the same, from the server as in the browser',
    (phase) => {
      for (const progress of [null, { percent: 42 }])
        expect(script.stateOf(phase, progress)).toEqual(phaseOf(phase, progress));
      expect(phaseOf('cloning', { percent: 42 })).toEqual(['busy', 'Cloning 42 %']);
      expect(phaseOf('unheard of', null)).toEqual(['', 'unheard of']);
    },
  );
});
