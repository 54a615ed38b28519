import { describe, expect, it } from '@jest/globals';
import { HealthChecks } from './health.js';

describe('readiness', () => {
  it('holds while every check holds', async () => {
    const health = new HealthChecks();
    health.add('redis', () => undefined);
    expect(await health.report()).toEqual({ ok: true, checks: { redis: 'ok' } });
  });

  it('names the part that fails, in its own words', async () => {
    const health = new HealthChecks();
    health.add('redis', () => undefined);
    health.add('database', () => Promise.reject(new Error('connection refused')));
    expect(await health.report()).toEqual({
      ok: false,
      checks: { redis: 'ok', database: 'connection refused' },
    });
  });

  it('takes no answer for a failure, instead of waiting for ever', async () => {
    const health = new HealthChecks();
    health.add('primary', () => new Promise(() => undefined));
    expect((await health.report()).checks['primary']).toBe('no answer within 2 s');
  });

  it('ends while streams finish', async () => {
    const health = new HealthChecks();
    health.drain();
    expect((await health.report()).ok).toBe(false);
  });
});
