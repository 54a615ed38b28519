import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseDelivery } from './parse-delivery.js';
import { verifySignature } from './verify-signature.js';

const ID = '0f1e2d3c-0000-4000-8000-00000000000a';
const body = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const sign = (text: Buffer, secret: string): string =>
  `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;

describe('the signature of a delivery', () => {
  it('is right for this body and this secret alone', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ minLength: 1 }), fc.uint8Array(), (bytes, secret, other) => {
        const text = Buffer.from(bytes);
        const header = sign(text, secret);
        expect(verifySignature(header, text, secret)).toBe(true);
        expect(verifySignature(header, text, `${secret}x`)).toBe(false);
        if (!text.equals(Buffer.from(other)))
          expect(verifySignature(header, Buffer.from(other), secret)).toBe(false);
      }),
    );
  });

  it('must be there, whole and alone', () => {
    const text = body({});
    const good = sign(text, 's');
    const wrong = [
      undefined,
      '',
      'sha256=',
      good.slice(0, -1),
      `${good}0`,
      good.replace('sha256', 'sha1'),
      `${good}, ${good}`,
      [good],
    ];
    for (const header of wrong) expect(verifySignature(header, text, 's')).toBe(false);
    expect(verifySignature(sign(text, ''), text, '')).toBe(false);
  });
});

describe('reading a delivery', () => {
  it.each([
    ['repo:push', 'pushed'],
    ['repo:created', 'created'],
    ['repo:updated', 'changed'],
    ['repo:transfer', 'changed'],
    ['repo:deleted', 'deleted'],
    ['project:updated', 'project-changed'],
    ['pullrequest:created', 'other'],
    ['toString', 'other'],
  ])('takes %s for %s', (key, kind) => {
    const headers = { 'x-event-key': key, 'x-request-uuid': '66dd66dd-0000-4000-8000-000000000001' };
    const repository = { uuid: `{${ID.toUpperCase()}}`, full_name: 'acme/widget', anything: { else: [1] } };
    expect(parseDelivery(headers, body({ actor: {}, repository, push: { changes: [] } }))).toEqual({
      deliveryId: '66dd66dd-0000-4000-8000-000000000001',
      kind,
      repositoryId: ID,
    });
  });

  it('needs no repository, and makes a name for a delivery without one', () => {
    const one = parseDelivery({ 'x-event-key': 'project:updated' }, body({ project: {} }));
    expect(one).toEqual({ kind: 'project-changed', deliveryId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(
      parseDelivery(
        { 'x-event-key': 'project:updated', 'x-request-uuid': '; drop table' },
        body({ project: {} }),
      ),
    ).toEqual(one);
  });

  it.each([
    '',
    'null',
    '[]',
    '{',
    '"x"',
    '{"repository":null}',
    '{"repository":{"uuid":"{x}"}}',
    '{"repository":{"uuid":1}}',
  ])('refuses %j', (text) => {
    expect(() => parseDelivery({ 'x-event-key': 'repo:push' }, Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'invalid' }),
    );
  });

  it('refuses a delivery without an event', () => {
    expect(() => parseDelivery({}, body({}))).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  it('answers every body with an event or with `invalid`', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        try {
          parseDelivery({ 'x-event-key': 'repo:push' }, Buffer.from(text));
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid' });
        }
      }),
    );
  });
});
