import { describe, expect, it } from '@jest/globals';
import { isSignedLink, signLink } from './signed-link.js';

const KEY = 'ab'.repeat(32);
const ID = '4f0eb5fc-67fc-48f8-b4a7-87981f026c6a';

describe('a signed link', () => {
  const now = 1_750_000_000_000;
  const signed = signLink(ID, KEY, now);

  it('opens its repository for five minutes', () => {
    expect(isSignedLink(ID, signed, KEY, now + 299_000)).toBe(true);
    expect(isSignedLink(ID, signed, KEY, now + 301_000)).toBe(false);
  });

  it.each([
    ['of another repository', signLink(ID.replace('4', '5'), KEY, now)],
    ['of another mirror', signLink(ID, 'cd'.repeat(32), now)],
    ['made to last', signed.replace(/^[^.]+/, (now * 2).toString(36))],
    ['that is none', 'x'],
    ['that is not there', undefined],
    ['that is several', [signed, signed]],
  ])('opens nothing with one %s', (_, text) => {
    expect(isSignedLink(ID, text, KEY, now)).toBe(false);
  });
});
