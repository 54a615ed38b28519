import { describe, expect, it } from '@jest/globals';
import { tellsCredential } from './tells-credential.js';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const SENT = basic('x-token-auth:lent+secret');
const answer = (header: Record<string, string>, href = 'https://media.example/a?signature=b') => ({
  oid: 'a'.repeat(64),
  size: 1,
  actions: { download: { href, header } },
});

describe('an answer of the primary', () => {
  it.each([
    ['as it was sent', answer({ Authorization: SENT })],
    ['under another name', answer({ 'X-Auth': SENT.slice('Basic '.length) })],
    ['in another scheme', answer({ authorization: 'Bearer lent+secret' })],
    ['with another user', answer({ Authorization: basic('somebody:lent+secret') })],
    ['in the address', answer({}, `https://media.example/a?jwt=${encodeURIComponent('lent+secret')}`)],
    ['in its own scheme', answer({ Authorization: 'Bearer opaque-token' }), 'Bearer opaque-token'],
  ])('tells the credential: %s', (_, told, sent = SENT) => {
    expect(tellsCredential(told, sent)).toBe(true);
  });

  it('does not tell it with a header or a signature of its own, or where it has no actions', () => {
    expect(tellsCredential(answer({ Authorization: basic('media:another one'), 'X-Key': 'k' }), SENT)).toBe(
      false,
    );
    expect(tellsCredential({ oid: 'a'.repeat(64), size: 1 }, SENT)).toBe(false);
    expect(tellsCredential(answer({}), basic('anna:a'))).toBe(false);
  });
});
