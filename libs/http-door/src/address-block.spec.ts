import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addressBlock } from './address-block.js';

describe('whom an address belongs to', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', 'unknown'],
    ['localhost', 'unknown'],
    ['10.0.0.256', 'unknown'],
  ])('of %j is %s', (address, block) => {
    expect(addressBlock(address)).toBe(block);
  });

  it('is the same for all who share the first 64 bits, and for nobody else', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const eight = fc.tuple(group, group, group, group, group, group, group, group);
    const write = (groups: readonly number[]): string => groups.map((one) => one.toString(16)).join(':');
    fc.assert(
      fc.property(eight, eight, (a, b) => {
        fc.pre(a.slice(0, 6).some((one) => one !== 0));
        expect(addressBlock(write([...a.slice(0, 4), ...b.slice(4)]))).toBe(addressBlock(write(a)));
        const same = write(a.slice(0, 4)) === write(b.slice(0, 4));
        expect(addressBlock(write(a)) === addressBlock(write(b))).toBe(same);
      }),
    );
  });

  it('is always known', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (text) => addressBlock(text).length > 0),
    );
  });
});
