import { describe, expect, it } from '@jest/globals';
import type { KnownRepository } from '../repositories/repository.js';
import { comparePage, hiddenAmong, judgeRemovals, missingFrom } from './plan-sweep.js';

const ALL = { all: true, publicRepositories: 'include' } as const;
const FACTS = {
  id: 'a',
  path: 'acme/a',
  name: 'A',
  projectKey: 'WEB',
  public: false,
  sizeBytes: 1,
  updatedOn: 'monday',
};
const known = (...rows: Partial<KnownRepository>[]): Map<string, KnownRepository> =>
  new Map(rows.map((row) => [row.id ?? 'a', { ...FACTS, origin: 'discovery', removed: false, ...row }]));

describe('comparePage', () => {
  it('finds nothing where nothing has changed', () => {
    expect(comparePage([FACTS], known({}), ALL)).toEqual({ changed: [], moved: [], left: [] });
  });

  it('takes a new date of a known repository for a push', () => {
    const news = comparePage([{ ...FACTS, updatedOn: 'tuesday' }], known({}), ALL);
    expect(news).toMatchObject({ changed: [{ id: 'a' }], moved: ['a'] });
  });

  it('asks for no sync of a repository that it meets for the first time', () => {
    expect(comparePage([FACTS], new Map(), ALL)).toMatchObject({ changed: [{ id: 'a' }], moved: [] });
  });

  it.each([{ path: 'acme/b' }, { public: true }, { projectKey: 'DATA' }, { name: 'B' }])(
    'sees the change %j',
    (change) => {
      expect(comparePage([{ ...FACTS, ...change }], known({}), ALL).changed).toEqual([
        { ...FACTS, ...change },
      ]);
    },
  );

  it('brings back what had been removed', () => {
    expect(comparePage([FACTS], known({ removed: true }), ALL).changed).toHaveLength(1);
  });

  it('notices a repository that moved to a project which is not selected', () => {
    const selection = { all: false, projectKeys: ['WEB'], publicRepositories: 'include' } as const;
    const news = comparePage([{ ...FACTS, projectKey: 'DATA' }], known({}), selection);
    expect(news).toEqual({ changed: [], moved: [], left: ['a'] });
  });

  it('lets go of a repository that becomes public where those are excluded', () => {
    const selection = { all: true, publicRepositories: 'exclude' } as const;
    const news = comparePage([{ ...FACTS, public: true }], known({}), selection);
    expect(news).toEqual({ changed: [], moved: [], left: ['a'] });
    expect(comparePage([FACTS], known({}), selection).left).toEqual([]);
  });
});

describe('missingFrom', () => {
  it('names what a listing did not, except what discovery had not brought', () => {
    const table = known({ id: 'a' }, { id: 'b' }, { id: 'c', removed: true }, { id: 'd', origin: 'learnt' });
    expect(missingFrom(new Set(['a']), table)).toEqual(['b']);
  });
});

describe('judgeRemovals', () => {
  const ids = (count: number, name = 'r'): string[] => Array.from({ length: count }, (_, i) => `${name}${i}`);
  const judge = (
    { vanished = [], left = [] }: { vanished?: string[]; left?: string[] },
    all: number,
    { hidden = [], agreed = [] }: { hidden?: string[]; agreed?: string[] } = {},
  ): unknown => judgeRemovals({ vanished, left }, { all, hidden: new Set(hidden), agreed: new Set(agreed) });
  const believed = (vanished: string[], left: string[] = []): unknown => ({
    believed: { vanished, left },
    doubted: [],
  });

  it('believes a few, and a small share of many', () => {
    expect(judge({ vanished: ids(3) }, 4)).toEqual(believed(ids(3)));
    expect(judge({ vanished: ids(50) }, 1000)).toEqual(believed(ids(50)));
  });

  it('does not believe more than a twentieth', () => {
    expect(judge({ vanished: ids(4) }, 79)).toMatchObject({ doubted: ids(4) });
    expect(judge({ vanished: ids(50), left: ['x'] }, 1000)).toEqual({
      believed: { vanished: [], left: [] },
      doubted: [...ids(50), 'x'],
    });
  });

  it('never believes that all is gone, nor what vanishes with its project', () => {
    expect(judge({ vanished: ['a'] }, 1)).toMatchObject({ doubted: ['a'] });
    expect(judge({ vanished: ids(2), left: ['x'] }, 1000, { hidden: ['r1'] })).toEqual({
      believed: { vanished: ['r0'], left: ['x'] },
      doubted: ['r1'],
    });
  });

  it('believes that all were moved to where they are still listed', () => {
    expect(judge({ left: ids(2) }, 2)).toEqual(believed([], ids(2)));
  });

  it('follows what an admin has agreed to, whatever vanishes beside it', () => {
    expect(judge({ vanished: ids(4) }, 4, { agreed: ids(4), hidden: ids(4) })).toEqual(believed(ids(4)));
    const both = { vanished: [...ids(4), ...ids(5, 'new')] };
    expect(judge(both, 20, { agreed: ids(4) })).toEqual({
      believed: { vanished: ids(4), left: [] },
      doubted: ids(5, 'new'),
    });
  });
});

describe('hiddenAmong', () => {
  it('names those whose project is not shown; what has no project is not hidden', () => {
    const table = known({ id: 'a' }, { id: 'b', projectKey: 'OPS' }, { id: 'c', projectKey: '' });
    expect([...hiddenAmong(['a', 'b', 'c'], table, new Set(['WEB']))]).toEqual(['b']);
  });
});
