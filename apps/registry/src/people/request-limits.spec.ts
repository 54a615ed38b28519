import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { AntipodeError } from '@antipode/errors';
import { hashOf } from '@antipode/web-pages';
import type { RegistryConfig } from '../config.js';
import { RequestLimits } from './request-limits.js';
import { ANONYMOUS } from './viewer.js';

const config = {
  REST_ANONYMOUS_LIMIT: 1,
  REST_VIEWER_LIMIT: 1,
  REST_FAILURE_LIMIT: 1,
  SECRET_KEY: 'ab'.repeat(32),
} as RegistryConfig;

const from = (address: string): IncomingMessage =>
  ({ headers: { 'x-forwarded-for': address }, socket: {} }) as unknown as IncomingMessage;
const wrong = (): Promise<never> => Promise.reject(new AntipodeError('unauthenticated', 'looking'));

describe('RequestLimits', () => {
  it('lets nobody choose whose place they share: that needs the key', async () => {
    const limits = new RequestLimits(config);
    // Of the addresses that one can have, one that shares its place with another's, as far as everybody can compute.
    const place = (address: string): string => hashOf(address).slice(0, 4);
    const known = new Map<string, string>();
    let pair: [string, string] | undefined;
    for (let n = 0; !pair; n += 1) {
      const address = `10.0.${n >> 8}.${n & 255}`;
      const other = known.get(place(address));
      if (other !== undefined) pair = [other, address];
      known.set(place(address), address);
    }
    await expect(limits.guarded(from(pair[0]), wrong)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(limits.guarded(from(pair[0]), wrong)).rejects.toMatchObject({ code: 'too_many_failures' });
    expect(await limits.guarded(from(pair[1]), () => Promise.resolve('let in'))).toBe('let in');
  });

  it('tells beforehand who has used up what somebody unknown may ask, and counts that not', async () => {
    const limits = new RequestLimits(config);
    const request = from('192.0.2.1');
    await limits.requireRoom(request);
    await limits.requireRoom(request);
    await limits.admit(ANONYMOUS, request);
    await expect(limits.requireRoom(request)).rejects.toMatchObject({ code: 'too_many_failures' });
  });
});
