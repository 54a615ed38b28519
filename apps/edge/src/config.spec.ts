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
    ['SECRET_KEY', 'short'],
    ['HTTP_PORT', '70000'],
    ['FETCH_CONCURRENCY', '0'],
  ])('refuse %s=%s by name and without showing the value', (name, value) => {
    expect(() => readConfig({ ...GIVEN, [name]: value })).toThrow(
      expect.objectContaining({ code: 'invalid', hint: expect.stringContaining(name) }),
    );
  });
});
