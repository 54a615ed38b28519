import { describe, expect, it } from '@jest/globals';
import {
  FLUSH,
  readCommandRequest,
  writeCapabilityAdvertisement,
  writeCommandRequest,
  writePacket,
} from '@antipode/git-wire';
import { offersFilter, withoutFilter } from './primary-filter.js';

describe('filters and a primary that may not have them', () => {
  it('takes the filter out of a fetch and leaves everything else', () => {
    const capabilities = new Map([['agent', 'git/x']]);
    const args = ['thin-pack', 'filter blob:none', `want ${'1'.repeat(40)}`, 'done'];
    const read = readCommandRequest(
      withoutFilter(writeCommandRequest({ command: 'fetch', capabilities, args })),
    );
    expect(read).toEqual({
      command: 'fetch',
      capabilities,
      args: args.filter((arg) => !arg.startsWith('filter')),
    });
  });

  it.each([
    ['a v2 primary with filters', writeCapabilityAdvertisement({ agent: 'a', objectFormat: 'sha1' }), true],
    [
      'a v2 primary without',
      Buffer.concat([writePacket('version 2\n'), writePacket('fetch=shallow\n'), FLUSH]),
      false,
    ],
    ['a v0 primary with filters', writePacket(`${'1'.repeat(40)} HEAD\0side-band filter agent=x\n`), true],
    ['a v0 primary without', writePacket(`${'1'.repeat(40)} HEAD\0side-band filtered\n`), false],
    ['an advertisement that is cut short', Buffer.from('00'), false],
  ])('sees what is offered by %s', (_, beginning, expected) => {
    expect(offersFilter(beginning)).toBe(expected);
  });
});
