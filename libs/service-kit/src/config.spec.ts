import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { isAntipodeError } from '@antipode/errors';
import { loadConfig, opsSettings } from './config.js';

const schema = z.object({ ...opsSettings, TOKEN: z.string().min(20), PORT: z.coerce.number().int() });

function hintOf(env: Record<string, string>): string | undefined {
  try {
    loadConfig(schema, env);
  } catch (error) {
    return isAntipodeError(error) ? error.hint : undefined;
  }
  throw new Error('the settings were taken');
}

describe('settings', () => {
  it('have defaults, and take an empty variable for an absent one', () => {
    const config = loadConfig(schema, { TOKEN: 'x'.repeat(20), PORT: '5', LOG_LEVEL: '' });
    expect(config).toMatchObject({ PORT: 5, LOG_LEVEL: 'info', ANTIPODE_NODE: 'local' });
  });

  it('are refused all at once, each by its name', () => {
    const hint = hintOf({ TOKEN: 'short', PORT: 'many' });
    expect(hint).toMatch(/TOKEN: .*PORT: /);
  });

  it('show no value when refused, since it may be a secret', () => {
    expect(hintOf({ TOKEN: 'hush-hush', PORT: '1' })).not.toContain('hush');
  });
});
