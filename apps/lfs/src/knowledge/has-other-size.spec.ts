import { expect, it } from '@jest/globals';
import { hasOtherSize } from './has-other-size.js';

it.each([
  [12, false],
  [13, true],
  [0, false],
])('hears %i of an object of twelve bytes as another size: %s', (size, isOther) => {
  const oid = 'a'.repeat(64);
  expect(hasOtherSize({ oid, size }, { oid, size: 12 })).toBe(isOther);
});
