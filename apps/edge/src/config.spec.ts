import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.js';

const GIVEN = { ANTIPODE_DATA: '/data', SECRET_KEY: 'ab'.repeat(32) };

describe('the settings', () => {
  it('need a folder and a key, and nothing else', () => {
    const config = readConfig(GIVEN);
    expect(config.FRESHNESS).toEqual({ kind: 'bounded', seconds: 5 });
    expect(config.OUTAGE_POLICY).toEqual({ kind: 'refuse' });
    expect(config.TRUSTED_PROXIES).toEqual([]);
    expect(() => readConfig({})).toThrow(
      expect.objectContaining({ code: 'invalid', hint: expect.stringMatching(/ANTIPODE_DATA.*SECRET_KEY/s) }),
    );
  });

  it.each([
    ['FRESHNESS', 'sometimes'],
    ['OUTAGE_POLICY', 'serve'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', 'proxy.example'],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['PROXY_PROTOCOL', 'both'],
    ['PROXY_PROTOCOL', 'on'],
    ['ALLOW_NETWORKS', '10.0.0.0/8 192.0.2.0/24'],
    ['DENY_NETWORKS', '2001:db8::/129'],
    ['PUBLIC_ALLOW_NETWORKS', '::ffff:10.0.0.0/104'],
    ['PUBLIC_DENY_NETWORKS', 'fe80::1%eth0'],
    ['SECRET_KEY', 'short'],
    ['HTTP_PORT', '70000'],
    ['FETCH_CONCURRENCY', '0'],
  ])('refuse %s=%s by name and without showing the value', (name, value) => {
    expect(() => readConfig({ ...GIVEN, [name]: value })).toThrow(
      expect.objectContaining({ code: 'invalid', hint: expect.stringContaining(name) }),
    );
  });

  it('say which entry of a list is wrong, and why', () => {
    const hintOf = (env: NodeJS.ProcessEnv): unknown => {
      try {
        return readConfig({ ...GIVEN, ...env });
      } catch (error) {
        return (error as { hint?: string }).hint;
      }
    };
    expect(hintOf({ ALLOW_NETWORKS: '10.0.0.0/8, 192.0.2.1/33, secret' })).toBe(
      'Wrong settings: ALLOW_NETWORKS: the 2nd entry is a network whose prefix is none: 0 to 32 is what it can be, ' +
        'the 3rd entry is no address or network such as 10.0.0.0/8 or 2001:db8::/32',
    );
    expect(hintOf({ PROXY_PROTOCOL: 'http' })).toContain('TRUSTED_PROXIES must name');
    const many = Array.from({ length: 1001 }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join();
    expect(hintOf({ DENY_NETWORKS: many })).toContain('more than 1000 entries');
  });

  it('take lists of addresses and networks', () => {
    const config = readConfig({
      ...GIVEN,
      ALLOW_NETWORKS: ' 10.0.0.0/8 ,2001:db8::/32,',
      TRUSTED_PROXIES: '::1',
      PROXY_PROTOCOL: 'ssh',
    });
    expect(config.ALLOW_NETWORKS).toEqual(['10.0.0.0/8', '2001:db8::/32']);
  });
});
