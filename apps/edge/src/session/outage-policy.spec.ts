import { describe, expect, it } from '@jest/globals';
import { standsInOutage } from './outage-policy.js';

describe('the outage policy', () => {
  it('lets an epoch stand for as long as it says, and never where it refuses', () => {
    const serve = { kind: 'serve', seconds: 60 } as const;
    expect(standsInOutage(serve, 1000, 61_000)).toBe(true);
    expect(standsInOutage(serve, 1000, 61_001)).toBe(false);
    expect(standsInOutage({ kind: 'refuse' }, 1000, 1000)).toBe(false);
  });
});
