import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findRoute } from './route-table.js';

const routes = [
  { method: 'GET', path: '/things' },
  { method: 'GET', path: '/things/:id' },
  { method: 'GET', path: '/things/:id/parts/:name*' },
];

describe('the route table', () => {
  it.each([
    ['/things', {}],
    ['/things/', {}],
    ['/things/%7Ba%7D', { id: '{a}' }],
    ['/things/a%2Fb', { id: 'a/b' }],
    ['/things/1/parts/x', { id: '1', name: 'x' }],
    ['/things/1/parts/x/y', { id: '1', name: 'x/y' }],
  ])('finds %s', (path, params) =>
    expect(findRoute(routes, 'GET', path)).toMatchObject({ found: { params } }),
  );

  it.each([
    ['GET', '/', 'not-found'],
    ['GET', '/things/1/parts', 'not-found'],
    ['GET', '/things/%', 'not-found'],
    ['POST', '/things', 'method'],
  ])('does not find %s %s', (method, path, missing) =>
    expect(findRoute(routes, method, path)).toEqual({ missing }),
  );

  it('answers any path', () => {
    fc.assert(fc.property(fc.string(), (path) => void findRoute(routes, 'GET', path)));
  });
});
