import { describe, expect, it } from '@jest/globals';
import { isOwnAddress, lookupElsewhere, OWN_NETWORK } from './own-networks.js';

describe('networks that outgoing webhooks do not reach', () => {
  it.each([
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '169.254.169.254',
    '[::1]',
    '[::]',
    '[fe80::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:a9fe:a9fe]',
  ])('has %s among them', (hostname) => expect(isOwnAddress(hostname)).toBe(true));

  it.each(['10.0.0.1', '192.168.1.5', '203.0.113.9', '[2001:db8::7]', 'localhost', 'ci.example'])(
    'has no %s among them',
    (hostname) => expect(isOwnAddress(hostname)).toBe(false),
  );

  it('finds no name that leads to them', async () => {
    const code = await new Promise((resolve) =>
      lookupElsewhere('localhost', { all: true }, (error) => resolve(error?.code)),
    );
    expect(code).toBe(OWN_NETWORK);
  });
});
