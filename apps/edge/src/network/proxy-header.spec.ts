import { isIP } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readProxyHeader } from './proxy-header.js';
import { writeV1, writeV2 } from '../../test/write-proxy-header.js';

const text = (line: string) => readProxyHeader(Buffer.from(line, 'latin1'));

describe('a PROXY header of version 1', () => {
  it.each([
    ['PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n', '192.0.2.1'],
    ['PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n', '2001:db8::1'],
    ['PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n', '::ffff:192.0.2.1'],
    ['PROXY UNKNOWN\r\n', undefined],
    ['PROXY UNKNOWN ffff::1 whatever\tit is\r\n', undefined],
  ])('%j is for %s', (line, source) => {
    const expected = { kind: 'header', length: line.length, ...(source === undefined ? {} : { source }) };
    expect(text(line)).toEqual(expected);
    expect(text(`${line}GET / HTTP/1.1\r\n`)).toEqual(expected);
  });

  it.each([
    'PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 \r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 0443 443\r\n',
    'PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n',
    'PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n',
    'PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
    'PROXY TCP4  192.0.2.1 198.51.100.1 1 2\r\n',
    'PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n',
    'PROXY UNKNOWNS\r\n',
    'PROXY \r\n',
    'proxy TCP4 192.0.2.1 198.51.100.1 1 2\r\n',
    'GET / HTTP/1.1\r\n',
    'SSH-2.0-OpenSSH_9.9\r\n',
    `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`,
    'PROXY UNKNOWN'.padEnd(107, ' x'),
  ])('%j is none', (line) => {
    expect(text(line)).toEqual({ kind: 'invalid' });
  });

  it('may be as long as it can be', () => {
    const longest = `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`;
    expect(longest).toHaveLength(107);
    expect(text(longest)).toEqual({ kind: 'header', length: 107 });
  });
});

describe('a PROXY header of version 2', () => {
  const v4 = { source: '192.0.2.1', destination: '198.51.100.1' };

  it.each([
    ['IPv4', v4, '192.0.2.1'],
    ['IPv6', { source: '2001:db8::1', destination: '2001:db8::2' }, '2001:db8::1'],
    ['IPv4 with TLVs', { ...v4, tlvs: Buffer.from('040003abcdef', 'hex') }, '192.0.2.1'],
    ['LOCAL', { ...v4, command: 0 }, undefined],
    [
      'LOCAL of a family that there is not',
      { command: 0, family: 0xff, addresses: Buffer.alloc(5) },
      undefined,
    ],
    ['no family', { family: 0, addresses: Buffer.alloc(0) }, undefined],
    ['no family, with bytes', { family: 0, addresses: Buffer.alloc(300) }, undefined],
    ['a datagram', { ...v4, family: 0x12 }, undefined],
    ['a Unix socket', { family: 0x31, addresses: Buffer.alloc(216) }, undefined],
    ['as many bytes as may be', { ...v4, tlvs: Buffer.alloc(508) }, '192.0.2.1'],
  ])('of %s is read', (_, header, source) => {
    const bytes = writeV2(header);
    const expected = { kind: 'header', length: bytes.length, ...(source === undefined ? {} : { source }) };
    expect(readProxyHeader(bytes)).toEqual(expected);
    expect(readProxyHeader(Buffer.concat([bytes, Buffer.from('more')]))).toEqual(expected);
  });

  it.each([
    ['another version', { ...v4, version: 1 }],
    ['a command that there is not', { ...v4, command: 2 }],
    ['a family that there is not', { ...v4, family: 0x41 }],
    ['a transport that there is not', { ...v4, family: 0x13 }],
    ['an address that is cut', { family: 0x11, addresses: Buffer.alloc(11) }],
    ['an IPv6 address that is cut', { family: 0x21, addresses: Buffer.alloc(35) }],
    ['more bytes than may be', { ...v4, tlvs: Buffer.alloc(509) }],
  ])('with %s is none', (_, header) => {
    expect(readProxyHeader(writeV2(header))).toEqual({ kind: 'invalid' });
  });
});

describe('any bytes', () => {
  const header = fc
    .tuple(fc.ipV4(), fc.ipV4(), fc.ipV6(), fc.boolean(), fc.boolean(), fc.uint8Array({ maxLength: 100 }))
    .map(([a, b, c, is6, isV2, tlvs]) => {
      const [source, destination] = is6 ? [c, '::1'] : [a, b];
      return {
        source,
        bytes: isV2
          ? writeV2({ source, destination, tlvs: Buffer.from(tlvs) })
          : writeV1(source, destination),
      };
    });

  it('that a proxy writes are understood, wherever they are cut', () => {
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 50 }), ({ source, bytes }, rest) => {
        for (let cut = 0; cut < bytes.length; cut += 1)
          expect(readProxyHeader(bytes.subarray(0, cut))).toEqual({ kind: 'unfinished' });
        const read = readProxyHeader(Buffer.concat([bytes, rest]));
        expect(read).toMatchObject({ kind: 'header', length: bytes.length });
        const told = read.kind === 'header' ? (read.source ?? '') : '';
        expect(new URL(`http://[${isIP(told) === 4 ? `::ffff:${told}` : told}]`).host).toBe(
          new URL(`http://[${isIP(source) === 4 ? `::ffff:${source}` : source}]`).host,
        );
      }),
      { numRuns: 50 },
    );
  });

  it('are a header, none, or the beginning of one, and never a throw', () => {
    const beginnings = [
      Buffer.from('PROXY TCP4 '),
      writeV2({ source: '192.0.2.1', destination: '::' }).subarray(0, 12),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(Buffer.alloc(0), ...beginnings),
        fc.uint8Array({ maxLength: 700 }),
        (start, tail) => {
          const read = readProxyHeader(Buffer.concat([start, tail]));
          if (read.kind === 'header') {
            expect(read.length).toBeLessThanOrEqual(536);
            expect(isIP(read.source ?? '::')).toBeGreaterThan(0);
          }
          if (start.length + tail.length > 536) expect(read.kind).not.toBe('unfinished');
        },
      ),
      { numRuns: 2000 },
    );
  });
});
