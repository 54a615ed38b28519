import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openTicketKey, readTicket, writeTicket, type Ticket } from './ticket.js';

const key = openTicketKey('ab'.repeat(32));
const NOW_MS = 1_700_000_000_000;
const ticket: Ticket = {
  action: 'download',
  repositoryId: '3f2c1e90-5b0d-4c55-9a77-0a1b2c3d4e5f',
  oid: '0123456789abcdef'.repeat(4),
  size: 12,
  expiresAt: NOW_MS / 1000 + 900,
};
const target = writeTicket(ticket, key);
const notFound = expect.objectContaining({ code: 'not_found' });

describe('a ticket', () => {
  it('is read as it was written, until its time is over', () => {
    expect(readTicket(target, key, NOW_MS)).toEqual(ticket);
    expect(() => readTicket(target, key, ticket.expiresAt * 1000)).toThrow(
      expect.objectContaining({ code: 'denied' }),
    );
  });

  it.each<[string, string]>([
    ['another object', target.replace(/[0-9a-f]{64}/, 'f'.repeat(64))],
    ['another repository', target.replace('3f2c', '4f2c')],
    ['another action', target.replace('download', 'upload')],
    ['another size', target.replace('size=12', 'size=13')],
    ['a later end', target.replace(`expires=${ticket.expiresAt}`, `expires=${ticket.expiresAt + 1}`)],
    ['more behind it', `${target}&size=13`],
    ['a step up', target.replace('/-/lfs/', '/-/lfs/../lfs/')],
    ['a short signature', target.slice(0, -1)],
  ])('is none for %s', (_, forged) => {
    expect(() => readTicket(forged, key, NOW_MS)).toThrow(notFound);
  });

  it('of another key is none', () => {
    expect(() => readTicket(target, openTicketKey('cd'.repeat(32)), NOW_MS)).toThrow(notFound);
  });

  it('is found in no noise', () => {
    fc.assert(
      fc.property(fc.string(), (noise) => {
        expect(() => readTicket(`/-/lfs/${noise}`, key, NOW_MS)).toThrow(notFound);
      }),
    );
  });
});
