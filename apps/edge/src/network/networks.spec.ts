import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { plainAddress } from './address.js';
import { NetworkList } from './network-list.js';
import { Networks } from './networks.js';

const NONE = { allow: [], deny: [] };
const serves = (allow: string[], deny: string[], address: string): boolean =>
  new Networks({ everything: { allow, deny }, publicReads: NONE }).serves(plainAddress(address));

describe('networks', () => {
  it.each([
    ['nobody has written a list', [], [], '192.0.2.1', true],
    ['nobody knows the address, and there are no lists', [], [], '', true],
    ['the address is allowed', ['192.0.2.0/24'], [], '192.0.2.255', true],
    ['another one is allowed', ['192.0.2.0/24'], [], '192.0.3.0', false],
    ['nobody knows the address', ['0.0.0.0/0', '::/0'], [], '', false],
    ['the address is denied', [], ['192.0.2.7'], '192.0.2.7', false],
    ['another one is denied', [], ['192.0.2.7'], '192.0.2.8', true],
    ['it is allowed and denied', ['192.0.2.0/24'], ['192.0.2.7'], '192.0.2.7', false],
    ['it is allowed as a whole and denied as a network', ['192.0.2.7'], ['192.0.2.0/24'], '192.0.2.7', false],
    ['IPv4 arrives in IPv6 form', ['192.0.2.0/24'], [], '::ffff:192.0.2.1', true],
    ['denied IPv4 arrives in hexadecimal form', [], ['192.0.2.0/24'], '::ffff:c000:201', false],
    ['denied IPv4 arrives in a long form', [], ['192.0.2.0/24'], '0:0:0:0:0:ffff:c000:0201', false],
    ['all of IPv6 is allowed', ['::/0'], [], '192.0.2.1', false],
    ['IPv6 is allowed', ['2001:db8::/32'], [], '2001:DB8:0::7', true],
    ['a link-local address has a zone', ['fe80::/10'], [], 'fe80::1%eth0', true],
    ['a denied link-local address has a zone', [], ['fe80::/10'], 'fe80::1%eth0', false],
    ['an address looks like one', ['10.0.0.0/8'], [], '10.0.0.1.example', false],
  ])('serve rightly where %s', (_, allow, deny, address, served) => {
    expect(serves(allow, deny, address)).toBe(served);
  });

  it('that may read what is public are of those that are served at all', () => {
    const networks = new Networks({
      everything: { allow: ['10.0.0.0/8'], deny: ['10.9.0.0/16'] },
      publicReads: { allow: ['10.1.0.0/16', '10.9.0.0/16', '192.0.2.0/24'], deny: ['10.1.1.1'] },
    });
    const of = (address: string) => [networks.serves(address), networks.servesAnybody(address)];
    expect(of('10.1.0.1')).toEqual([true, true]);
    expect(of('10.1.1.1')).toEqual([true, false]);
    expect(of('10.2.0.1')).toEqual([true, false]);
    expect(of('10.9.0.1')).toEqual([false, false]);
    expect(of('192.0.2.1')).toEqual([false, false]);
  });

  it('find each address of a network, and none beside it', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4(), (network, bits, address) => {
        const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
        const isInside = bits === 0 || number(network) >>> (32 - bits) === number(address) >>> (32 - bits);
        expect(new NetworkList([`${network}/${bits}`]).has(address)).toBe(isInside);
      }),
    );
  });
});
