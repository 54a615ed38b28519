import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { NetworkList } from '../network/network-list.js';
import { notePeer } from '../network/peer.js';
import { clientAddress } from './client-address.js';

const from = (remoteAddress: string, forwarded?: string): IncomingMessage =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

describe('the client’s address', () => {
  const trusted = new NetworkList(['10.0.0.0/8', '::1']);

  it.each([
    ['nobody claims anything', '192.0.2.1', undefined, '192.0.2.1'],
    ['a stranger claims to be another', '192.0.2.1', '203.0.113.9', '192.0.2.1'],
    ['a trusted proxy tells', '10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['a client claims something to a trusted proxy', '10.1.2.3', '1.1.1.1, 203.0.113.9', '203.0.113.9'],
    ['two trusted proxies stand in a row', '10.1.2.3', '203.0.113.9, 10.9.9.9', '203.0.113.9'],
    ['a trusted proxy tells rubbish', '10.1.2.3', 'unknown', '10.1.2.3'],
    ['IPv4 arrives on an IPv6 socket', '::ffff:10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['an IPv6 proxy tells', '::1', '2001:db8::7', '2001:db8::7'],
  ])('is right where %s', (_, socket, header, expected) => {
    expect(clientAddress(from(socket, header), trusted)).toBe(expected);
  });

  it.each([
    ['tells of a client', '192.0.2.1', '203.0.113.9', '192.0.2.1'],
    ['tells of another trusted proxy, which tells', '10.9.9.9', '203.0.113.9', '203.0.113.9'],
    [
      'does not tell, so that its client’s header is no word of its own',
      undefined,
      '203.0.113.9',
      '10.1.2.3',
    ],
  ])('is right where a PROXY header %s', (_, source, header, expected) => {
    const request = from('10.1.2.3', header);
    notePeer(request.socket, source);
    expect(clientAddress(request, trusted)).toBe(expected);
  });
});
