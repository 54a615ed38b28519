import { describe, expect, it } from '@jest/globals';
import { Metadata, status as Status, type ServiceError } from '@grpc/grpc-js';
import { AntipodeError, CODES } from '@antipode/errors';
import { readStatus, writeStatus } from './status.js';

const received = (told: ReturnType<typeof writeStatus>): ServiceError =>
  Object.assign(new Error(told.details), {
    code: told.code ?? Status.UNKNOWN,
    details: told.details ?? '',
    metadata: told.metadata ?? new Metadata(),
  });

describe('a failure on the wire', () => {
  it.each(CODES)('keeps its code: %s', (code) => {
    const there = writeStatus(
      new AntipodeError(code, 'doing something', { secret: 'hush' }, { hint: 'Do this next.' }),
    );
    const back = readStatus(received(there), 'authorize');
    expect(back.code).toBe(code);
    expect(back.hint).toBe('Do this next.');
  });

  it('carries neither context nor cause', () => {
    const there = writeStatus(
      new AntipodeError('internal', 'doing something', { token: 'hush' }, { cause: new Error('hush') }),
    );
    expect(JSON.stringify([there.details, there.metadata?.toJSON()])).not.toContain('hush');
  });

  it('says when to ask again, and takes no nonsense for that', () => {
    const there = (retryAfter: unknown) =>
      received(writeStatus(new AntipodeError('primary_limited', 'doing something', { retryAfter })));
    expect(readStatus(there('120'), 'batch').context['retryAfter']).toBe('120');
    for (const nonsense of [undefined, 7, 'a\r\nb', 'x'.repeat(100)])
      expect(readStatus(there(nonsense), 'batch').context).not.toHaveProperty('retryAfter');
  });

  it('is service_unavailable when gRPC itself could not reach the neighbour', () => {
    const lost = received({
      code: Status.UNAVAILABLE,
      details: 'connect ECONNREFUSED',
      metadata: new Metadata(),
    });
    const error = readStatus(lost, 'authorize');
    expect([error.code, error.hint]).toEqual(['service_unavailable', undefined]);
  });

  it('is internal when the neighbour told an unknown code', () => {
    const metadata = new Metadata();
    metadata.set('antipode-code', 'of-a-newer-version');
    expect(readStatus(received({ code: Status.UNKNOWN, details: '', metadata }), 'x').code).toBe('internal');
  });
});
