import { describe, expect, it } from '@jest/globals';
import { readConfig, webhookBase } from './config.js';

const NEEDED = {
  DATABASE_URL: 'postgresql://127.0.0.1/antipode',
  REDIS_URL: 'redis://127.0.0.1',
  SECRET_KEY: 'ab'.repeat(32),
};

describe('the settings', () => {
  it('have defaults for all but the neighbours and the key', () => {
    expect(readConfig(NEEDED)).toMatchObject({
      SWEEP_SECONDS: 60,
      PRIMARY_KIND: 'bitbucket-cloud',
      HTTP_PORT: 7991,
    });
  });

  it('name what is wrong, without its value', () => {
    const wrong = { ...NEEDED, SECRET_KEY: 'too-short-a-secret' };
    expect(() => readConfig(wrong)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/SECRET_KEY/) }),
    );
    expect(() => readConfig(wrong)).toThrow(
      expect.objectContaining({ hint: expect.not.stringMatching(/too-short/) }),
    );
  });

  it('derive where webhooks arrive from the public address', () => {
    expect(webhookBase(readConfig({ ...NEEDED, PUBLIC_URL: 'https://mirror.example/' }))).toBe(
      'https://mirror.example/-/webhooks',
    );
    expect(
      webhookBase(
        readConfig({
          ...NEEDED,
          PUBLIC_URL: 'https://mirror.example',
          WEBHOOK_URL: 'https://hooks.example/in/',
        }),
      ),
    ).toBe('https://hooks.example/in');
    expect(webhookBase(readConfig(NEEDED))).toBeUndefined();
  });
});
