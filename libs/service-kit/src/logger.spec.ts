import { describe, expect, it } from '@jest/globals';
import { AntipodeError } from '@antipode/errors';
import { serializeError } from './logger.js';

describe('an error in the log', () => {
  it('tells code, context and causes', () => {
    const error = new AntipodeError(
      'primary_unavailable',
      'asking the primary',
      { status: 502 },
      { cause: new Error('reset') },
    );
    expect(serializeError(error)).toMatchObject({
      code: 'primary_unavailable',
      message: 'asking the primary',
      context: { status: 502 },
      cause: { message: 'reset' },
    });
  });

  it('ends, also when an error is its own cause', () => {
    const error = new Error('round');
    error.cause = error;
    expect(JSON.stringify(serializeError(error)).length).toBeLessThan(5000);
  });
});
