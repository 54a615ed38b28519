import { describe, expect, it } from '@jest/globals';
import { AntipodeError } from '@antipode/errors';
import { restMs, Rests } from './rests.js';

const limited = (retryAfter?: string): AntipodeError =>
  new AntipodeError('primary_limited', 'asking', retryAfter === undefined ? {} : { retryAfter });

describe('a rest', () => {
  it.each([
    ['7', 7000],
    ['0', 1000],
    ['86400', 900_000],
    ['Thu, 01 Jan 1970 00:01:40 GMT', 60_000],
    ['soon', 15_000],
    [undefined, 15_000],
  ])('after "%s" lasts %d ms', (retryAfter, expected) => {
    expect(restMs(limited(retryAfter), 40_000)).toBe(expected);
  });

  it('of the primary is everybody’s, that of a repository its own', () => {
    const rests = new Rests();
    rests.rest('one', 60_000);
    expect(rests.leftOf('one')).toBeGreaterThan(59_000);
    expect(rests.leftOf('two')).toBe(0);
    rests.rest('', 1000);
    expect(rests.leftOf('two')).toBeGreaterThan(900);
    expect(rests.leftOf('one')).toBeGreaterThan(59_000);
  });
});
