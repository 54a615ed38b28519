import { describe, expect, it } from '@jest/globals';
import { parseOutagePolicy } from './outage-policy.js';

describe('the outage policy', () => {
  it.each([
    ['refuse', { kind: 'refuse' }],
    ['serve:60', { kind: 'serve', seconds: 60 }],
    ['serve:0', undefined],
    ['serve', undefined],
    ['serve:1h', undefined],
    ['', undefined],
  ])('reads %j', (text, policy) => {
    expect(parseOutagePolicy(text)).toEqual(policy);
  });
});
