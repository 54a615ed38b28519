import { describe, expect, it } from '@jest/globals';
import { EtagCache } from './etag-cache.js';

describe('the cache of answers', () => {
  it('keeps its memory within bounds by forgetting the oldest', () => {
    const cache = new EtagCache(100);
    for (const key of ['a', 'b', 'c']) cache.set(key, { etag: key, body: key, bytes: 40 });
    expect(cache.get('a')).toBeUndefined();
    expect(cache.get('c')?.body).toBe('c');
    for (let i = 0; i < 10; i += 1) cache.set('c', { etag: `${i}`, body: i, bytes: 60 });
    expect(cache.get('b')?.body).toBe('b');
    cache.set('huge', { etag: 'x', body: 'x', bytes: 1000 });
    expect(['b', 'c', 'huge'].filter((key) => cache.get(key))).toEqual([]);
  });
});
