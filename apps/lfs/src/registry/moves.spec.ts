import { expect, it } from '@jest/globals';
import type { SelectedRepository } from '@antipode/domain';
import { Moves } from './moves.js';

const ID = '12345678-1234-4234-8234-123456789abc';
const at = (path: string): SelectedRepository => ({ id: ID, path, public: false });

it('has moved whoever has another path than before, also where it was away meanwhile', () => {
  const moves = new Moves({ isIdOfPath: false });
  expect(moves.came(at('acme/x'), undefined)).toBe(false);
  expect(moves.came(at('acme/x'), at('acme/x'))).toBe(false);
  expect(moves.isWithin(ID, 60_000)).toBe(false);
  expect(moves.came(at('acme/x-old'), at('acme/x'))).toBe(true);
  expect(moves.isWithin(ID, 60_000)).toBe(true);
  moves.left(at('acme/x-old'));
  expect(moves.came(at('acme/x-old'), undefined)).toBe(false);
  moves.left(at('acme/x-old'));
  expect(moves.came(at('acme/x'), undefined)).toBe(true);
});

it('takes whoever comes back for another one where the id is made of the path', () => {
  const moves = new Moves({ isIdOfPath: true });
  expect(moves.came(at('acme/x'), undefined)).toBe(false);
  expect(moves.came(at('acme/x'), at('acme/x'))).toBe(false);
  moves.left(at('acme/x'));
  expect(moves.came(at('acme/x'), undefined)).toBe(true);
});
