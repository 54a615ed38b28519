import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { progressReader, readProgressLine, type GitProgress } from './read-progress.js';

describe('progress lines of git', () => {
  it.each<[string, GitProgress | undefined]>([
    ['remote: Counting objects:  50% (1/2)        ', { step: 'counting', percent: 50 }],
    ['remote: Compressing objects: 100% (3/3), done.', { step: 'compressing', percent: 100 }],
    ['Receiving objects:   7% (9/120)', { step: 'receiving', percent: 7 }],
    [
      'Receiving objects:  45% (9/20), 1.20 MiB | 3.00 MiB/s',
      { step: 'receiving', percent: 45, receivedBytes: 1258291 },
    ],
    [
      'Receiving objects: 100% (3/3), 219 bytes | 219.00 KiB/s, done.',
      { step: 'receiving', percent: 100, receivedBytes: 219 },
    ],
    ['Resolving deltas: 100% (1/1), done.', { step: 'resolving', percent: 100 }],
    ['remote: Enumerating objects: 12, done.', undefined],
    ['remote: Total 12 (delta 0), reused 0 (delta 0)', undefined],
    ['fatal: unable to access', undefined],
    ['', undefined],
  ])('are understood: %j', (line, expected) => {
    expect(readProgressLine(line)).toEqual(expected);
  });

  it('are understood however they are sliced', () => {
    const text =
      'Receiving objects:  10% (1/10)\rReceiving objects:  20% (2/10), 1.00 KiB | 1 KiB/s\rfatal: x\n';
    fc.assert(
      fc.property(fc.array(fc.nat({ max: text.length })), (cuts) => {
        const seen: GitProgress[] = [];
        const read = progressReader((progress) => seen.push(progress));
        const ends = [0, ...cuts.sort((a, b) => a - b), text.length];
        ends.slice(1).forEach((end, i) => read(text.slice(ends[i], end)));
        expect(seen.map(({ percent }) => percent)).toEqual([10, 20]);
      }),
    );
  });

  it('never fail, whatever a primary sends', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (chunks) => {
        const read = progressReader(({ percent }) => expect(percent).toBeLessThanOrEqual(100));
        for (const chunk of chunks) read(chunk);
      }),
    );
  });
});
