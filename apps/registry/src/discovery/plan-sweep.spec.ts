import { describe, expect, it } from '@jest/globals';
import type { KnownRepository } from '../repositories/repository.js';
import { comparePage, isSuspicious, missingFrom } from './plan-sweep.js';

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

describe('isSuspicious', () => {
  it('believes a few removals, and a small share of many', () => {
    expect([isSuspicious(3, 3), isSuspicious(50, 1000)]).toEqual([false, false]);
  });

  it('does not believe more than a twentieth', () => {
    expect([isSuspicious(4, 79), isSuspicious(51, 1000)]).toEqual([true, true]);
  });
});
