import { describe, expect, it } from '@jest/globals';
import { judgeRefusal } from './judge-refusal.js';

const HIDING =
  "The requested repository either does not exist or you do not have access. If you believe this repository exists and you have access, make sure you're authenticated.";

describe('what a 403 means', () => {
  it.each([
    ['text/plain', HIDING],
    ['', HIDING],
    ['text/plain', ''],
    ['text/plain', ' \n\t'],
    ['text/html', '<h1>Enable two-step authentication</h1>'],
    ['application/octet-stream', 'whatever'],
  ])('is not_found for %j saying %j', (type, text) => {
    expect(judgeRefusal(type, text)).toEqual({ kind: 'not_found' });
  });

  it.each([
    'To access this repository, an admin must whitelist your IP.',
    'To access this repository, enable two-step authentication.',
    'Your credentials lack one or more required privilege scopes.',
  ])('is denied, with the sentence, for %j', (message) => {
    expect(judgeRefusal('text/plain; charset=utf-8', `${message}\n`)).toEqual({ kind: 'denied', message });
  });

  it('never lets a control character through to a terminal', () => {
    expect(judgeRefusal('text/plain', 'enable\u001b]0;evil\u0007 two-step\u202e\r\n now')).toEqual({
      kind: 'denied',
      message: 'enable ]0;evil two-step now',
    });
  });
});
