import { describe, expect, it } from '@jest/globals';
import { MOST_CHANGES, refChanges } from './ref-changes.js';

const [A, B] = ['a'.repeat(40), 'b'.repeat(40)];
const ref = (name: string, oid = A) => ({ name: `refs/${name}`, oid });

describe('the changes of refs', () => {
  it('are what is new, gone and moved, by name, and nothing else', () => {
    const before = [ref('heads/gone'), ref('heads/main'), ref('heads/same'), ref('tags/v1')];
    const after = [ref('heads/main', B), ref('heads/new'), ref('heads/same'), ref('tags/v2')];
    expect(refChanges(before, after)).toEqual({
      count: 5,
      changes: [
        { ref: 'refs/heads/gone', from: A },
        { ref: 'refs/heads/main', from: A, to: B },
        { ref: 'refs/heads/new', to: A },
        { ref: 'refs/tags/v1', from: A },
        { ref: 'refs/tags/v2', to: A },
      ],
    });
    expect(refChanges(after, after)).toEqual({ count: 0, changes: [] });
  });

  it('are only counted where they are too many to be listed', () => {
    const many = Array.from({ length: MOST_CHANGES + 1 }, (_, i) =>
      ref(`heads/${String(i).padStart(5, '0')}`),
    );
    expect(refChanges([], many)).toEqual({ count: MOST_CHANGES + 1, changes: [] });
    expect(refChanges(many.slice(1), []).changes).toHaveLength(MOST_CHANGES);
  });
});
