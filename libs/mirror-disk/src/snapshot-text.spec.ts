import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareBytes } from './byte-order.js';
import { readSnapshotText, writeSnapshotText } from './snapshot-text.js';
import type { Snapshot, SnapshotRef } from './snapshot.js';

const oids = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const names = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 30 })
  // eslint-disable-next-line no-control-regex -- these may not be in a ref's name
  .map((text) => `refs/heads/${text.replace(/[\x00-\x20\x7f]/g, '-')}`);

const snapshots: fc.Arbitrary<Snapshot> = fc
  .constantFrom('sha1' as const, 'sha256' as const)
  .chain((objectFormat) => {
    const oid = oids(objectFormat === 'sha1' ? 40 : 64);
    const ref = fc.record({ name: names, oid, peeled: oid }, { requiredKeys: ['name', 'oid'] });
    return fc.record({
      epoch: fc.integer({ min: 1, max: 1e12 }),
      objectFormat: fc.constant(objectFormat),
      headTarget: fc.option(names, { nil: undefined }),
      headOid: fc.option(oid, { nil: undefined }),
      refs: fc
        .uniqueArray(ref, { selector: ({ name }) => name })
        .map((refs) => refs.sort((a, b) => compareBytes(a.name, b.name)) as SnapshotRef[]),
    });
  });

describe('the text of a snapshot', () => {
  it('reads back whatever was written', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        expect(readSnapshotText(writeSnapshotText(snapshot))).toEqual(snapshot);
      }),
    );
  });

  it('is refused when it is cut anywhere', () => {
    fc.assert(
      fc.property(snapshots, fc.nat(), (snapshot, cut) => {
        const text = writeSnapshotText(snapshot);
        const short = text.subarray(0, cut % text.length);
        expect(() => readSnapshotText(short)).toThrow(expect.objectContaining({ code: 'mirror_damaged' }));
      }),
    );
  });

  it('is refused when any byte is changed, or one is added', () => {
    fc.assert(
      fc.property(snapshots, fc.nat(), fc.integer({ min: 1, max: 255 }), (snapshot, where, by) => {
        const text = writeSnapshotText(snapshot);
        const changed = Buffer.from(text);
        changed[where % text.length] = (changed[where % text.length] ?? 0) ^ by;
        for (const damaged of [changed, Buffer.concat([text, Buffer.from('\n')])]) {
          expect(() => readSnapshotText(damaged)).toThrow(
            expect.objectContaining({ code: 'mirror_damaged' }),
          );
        }
      }),
    );
  });

  it('orders names as git does, by bytes', () => {
    fc.assert(
      fc.property(names, names, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it.each([
    ['unsorted', [ref('refs/heads/b'), ref('refs/heads/a')]],
    ['doubled', [ref('refs/heads/a'), ref('refs/heads/a')]],
    ['with a line break', [ref('refs/heads/a\nb')]],
    ['with a space', [ref('refs/heads/a b')]],
    ['with a short object id', [{ name: 'refs/heads/a', oid: 'abc' }]],
  ])('is never written with refs that are %s', (_, refs) => {
    expect(() => writeSnapshotText({ ...EMPTY, refs })).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });

  it('reads a hundred thousand refs well within a request', () => {
    const refs = Array.from({ length: 100_000 }, (_, i) => ref(`refs/tags/v${String(i).padStart(7, '0')}`));
    const text = writeSnapshotText({ ...EMPTY, refs });
    const started = performance.now();
    expect(readSnapshotText(text).refs).toHaveLength(100_000);
    // Some 40 ms on a small machine; the bound only catches an accidental square.
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

const EMPTY: Snapshot = {
  epoch: 1,
  objectFormat: 'sha1',
  headTarget: undefined,
  headOid: undefined,
  refs: [],
};

function ref(name: string): SnapshotRef {
  return { name, oid: 'a'.repeat(40) };
}
