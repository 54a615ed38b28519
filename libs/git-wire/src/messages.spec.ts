import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readAdvertisement } from './advertisement.js';
import { readCapabilityAdvertisement, writeCapabilityAdvertisement } from './capabilities.js';
import { readCommandRequest, writeCommandRequest } from './command-request.js';
import { readErrorPacket, writeErrorPacket } from './error-packet.js';
import { readFetchRequest, writeFetchArgs } from './fetch-request.js';
import {
  lsRefsKey,
  readLsRefsAnswer,
  readLsRefsRequest,
  writeLsRefsAnswer,
  writeLsRefsArgs,
} from './ls-refs.js';
import { FLUSH, readPackets, writePacket } from './pkt-line.js';
import { readProtocolVersion } from './protocol-version.js';
import type { RefSet } from './refs.js';
import { readSideBand, writeSideBand } from './side-band.js';
import type { UploadPackPlan } from './upload-pack-plan.js';
import { readUploadPackRequest, writeUploadPackRequest } from './upload-pack-request.js';

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((digits) => digits.join(''));
const oid = fc.oneof(hex(40), hex(64));
const name = fc.stringMatching(/^refs\/[a-z]{1,5}\/[a-z0-9/ü-]{1,20}$/);
const someOids = fc.array(oid, { maxLength: 5 });
const flags = (...names: string[]) => fc.uniqueArray(fc.constantFrom(...names)).map((list) => new Set(list));

const planOf = (
  options: fc.Arbitrary<Set<string>>,
  wantRefs: fc.Arbitrary<string[]>,
): fc.Arbitrary<UploadPackPlan> =>
  fc.record({
    wants: fc.array(oid, { minLength: 1, maxLength: 5 }),
    wantRefs,
    haves: someOids,
    shallow: someOids,
    depth: fc.option(fc.nat(1_000_000), { nil: undefined }),
    deepenSince: fc.option(fc.nat(2_000_000_000), { nil: undefined }),
    deepenNot: fc.array(name, { maxLength: 3 }),
    filter: fc.option(fc.constantFrom('blob:none', 'tree:0', 'blob:limit=1k'), { nil: undefined }),
    options,
    done: fc.boolean(),
  });

/** Bytes that look like requests more often than chance would have it. */
const nearlyRequests = fc
  .array(
    fc.oneof(
      fc
        .constantFrom(
          'command=ls-refs\n',
          'command=fetch',
          'peel\n',
          'done\n',
          'deepen 1',
          'want ',
          'version 2\n',
          '# service=x\n',
        )
        .map(writePacket),
      oid.map((id) => writePacket(`want ${id} side-band-64k\n`)),
      oid.map((id) => writePacket(`${id} refs/heads/x\0symref=HEAD:refs/heads/x a=b\n`)),
      fc.uint8Array({ maxLength: 30 }).map((bytes) => writePacket(bytes)),
      fc.constantFrom('0000', '0001', '0002').map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

describe('every reader of a whole message', () => {
  it.each([
    ['readCommandRequest', readCommandRequest],
    ['readUploadPackRequest', readUploadPackRequest],
    ['readCapabilityAdvertisement', readCapabilityAdvertisement],
    ['readAdvertisement', readAdvertisement],
    ['readLsRefsAnswer', readLsRefsAnswer],
    ['readFetchRequest', (bytes: Buffer) => readFetchRequest(readCommandRequest(bytes) ?? { args: [] })],
    ['readLsRefsRequest', (bytes: Buffer) => readLsRefsRequest(readCommandRequest(bytes) ?? { args: [] })],
  ])('%s takes any bytes, or refuses them as invalid', (_, read) => {
    const fails = (bytes: Buffer): unknown => {
      try {
        read(bytes);
        return undefined;
      } catch (error) {
        return error;
      }
    };
    fc.assert(
      fc.property(
        fc.oneof(
          nearlyRequests,
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        ),
        (bytes) => {
          const error = fails(bytes);
          if (error !== undefined) expect(error).toMatchObject({ name: 'AntipodeError', code: 'invalid' });
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('a fetch', () => {
  const v2Flags = flags(
    'thin-pack',
    'no-progress',
    'include-tag',
    'ofs-delta',
    'deepen-relative',
    'sideband-all',
    'wait-for-done',
  );

  it('is read in version 2 as it was written', () => {
    fc.assert(
      fc.property(planOf(v2Flags, fc.array(name, { maxLength: 2 })), (plan) => {
        const body = writeCommandRequest({
          command: 'fetch',
          capabilities: new Map([['agent', 'git/x']]),
          args: writeFetchArgs(plan),
        });
        const request = readCommandRequest(body);
        expect(request?.command).toBe('fetch');
        expect(readFetchRequest(request ?? { args: [] })).toEqual(plan);
      }),
    );
  });

  it('is read in versions 0 and 1 as it was written', () => {
    fc.assert(
      fc.property(planOf(flags('side-band-64k', 'thin-pack', 'agent=git/x'), fc.constant([])), (plan) => {
        expect(readUploadPackRequest(writeUploadPackRequest(plan))).toEqual(plan);
      }),
    );
  });

  it('ignores an offer of packfile URIs', () => {
    expect(readFetchRequest({ args: ['packfile-uris https', 'done'] }).done).toBe(true);
  });

  it.each([
    'want abc',
    'have ',
    'deepen -1',
    'deepen 1x',
    'shallow refs/heads/main',
    'bogus',
    'filter ',
    'done now',
  ])('refuses %j', (arg) => {
    expect(() => readFetchRequest({ args: [arg] })).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  it('wants nothing in version 0 when it is a lone flush', () => {
    expect(readUploadPackRequest(FLUSH)).toBeUndefined();
  });

  it.each(['', '0032have 1111111111111111111111111111111111111111\n0000', '0001'])(
    'refuses the v0 body %j',
    (body) => {
      expect(() => readUploadPackRequest(Buffer.from(body))).toThrow(
        expect.objectContaining({ code: 'invalid' }),
      );
    },
  );
});

describe('a v2 request', () => {
  it('ends the conversation when it is a lone flush', () => {
    expect(readCommandRequest(FLUSH)).toBeUndefined();
  });

  it.each([
    ['two commands', 'command=fetch', 'command=ls-refs'],
    ['no command', 'agent=x', 'object-format=sha1'],
  ])('is refused with %s', (_, ...lines) => {
    const body = Buffer.concat([...lines.map(writePacket), FLUSH]);
    expect(() => readCommandRequest(body)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  it('is refused with bytes after its end, and without an end', () => {
    const whole = writeCommandRequest({ command: 'fetch', capabilities: new Map(), args: ['done'] });
    expect(() => readCommandRequest(Buffer.concat([whole, FLUSH]))).toThrow(
      expect.objectContaining({ code: 'invalid' }),
    );
    expect(() => readCommandRequest(whole.subarray(0, -4))).toThrow(
      expect.objectContaining({ code: 'invalid' }),
    );
  });
});

describe('ls-refs', () => {
  const prefix = fc.stringMatching(/^[a-zü/]{0,6}$/);
  const request = fc.record({
    peel: fc.boolean(),
    symrefs: fc.boolean(),
    unborn: fc.boolean(),
    prefixes: fc.array(prefix, { maxLength: 6 }),
  });
  const byBytes = (a: { name: string }, b: { name: string }): number =>
    Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
  const set: fc.Arbitrary<RefSet> = fc
    .record({
      names: fc.uniqueArray(fc.stringMatching(/^[a-zü]{1,2}(\/[a-z\u{10000}\uffee]{1,3})?$/u), {
        maxLength: 30,
      }),
      id: hex(40),
    })
    .map(({ names, id }) => ({
      objectFormat: 'sha1',
      headTarget: names[0],
      headOid: names[0] === undefined ? undefined : id,
      refs: names
        .map((text, i) => ({ name: text, oid: id, ...(i % 3 === 1 ? { peeled: id } : {}) }))
        .sort(byBytes),
    }));

  it('is read as it was written, prefixes in one form', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const read = readLsRefsRequest({ args: writeLsRefsArgs(asked) });
        expect(readLsRefsRequest({ args: writeLsRefsArgs(read) })).toEqual(read);
        const shuffled = { ...asked, prefixes: [...asked.prefixes].reverse() };
        expect(lsRefsKey(readLsRefsRequest({ args: writeLsRefsArgs(shuffled) }))).toBe(lsRefsKey(read));
      }),
    );
  });

  it('answers with exactly the refs that a filter by prefix leaves, in their order', () => {
    fc.assert(
      fc.property(set, request, (refs, asked) => {
        const answer = readLsRefsAnswer(
          writeLsRefsAnswer(refs, readLsRefsRequest({ args: writeLsRefsArgs(asked) })),
        );
        const wanted = (text: string): boolean =>
          asked.prefixes.length === 0 || asked.prefixes.some((start) => text.startsWith(start));
        expect(answer.refs.map((ref) => ref.name)).toEqual([
          ...(refs.headOid && wanted('HEAD') ? ['HEAD'] : []),
          ...refs.refs.map((ref) => ref.name).filter(wanted),
        ]);
      }),
    );
  });

  it('refuses an argument that git does not know', () => {
    expect(() => readLsRefsRequest({ args: ['peel', 'bogus'] })).toThrow(
      expect.objectContaining({ code: 'invalid' }),
    );
  });

  it('answers a client with too many prefixes with everything', () => {
    const args = Array.from({ length: 65_536 }, (_, i) => `ref-prefix refs/heads/${i}`);
    expect(readLsRefsRequest({ args }).prefixes).toEqual([]);
  });
});

describe('capabilities', () => {
  it('are read as they were written, with and without the service line', () => {
    const written = writeCapabilityAdvertisement({ agent: 'antipode/1', objectFormat: 'sha256' });
    const read = readCapabilityAdvertisement(written);
    expect(read?.get('agent')).toBe('antipode/1');
    expect(read?.get('object-format')).toBe('sha256');
    expect(read?.get('server-option')).toBe('');
    expect(
      readCapabilityAdvertisement(
        Buffer.concat([writePacket('# service=git-upload-pack\n'), FLUSH, written]),
      ),
    ).toEqual(read);
  });

  it('are not there where the answer is another version', () => {
    expect(readCapabilityAdvertisement(Buffer.concat([writePacket('version 1\n'), FLUSH]))).toBeUndefined();
  });
});

describe('side-band', () => {
  it('carries any content in packets of git’s size', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('data' as const, 'progress' as const, 'error' as const),
        fc.uint8Array({ maxLength: 200_000, size: 'max' }),
        (band, content) => {
          const parts = [...readPackets(writeSideBand(band, content))].map((packet) =>
            readSideBand(packet.kind === 'data' ? packet.data : Buffer.alloc(0)),
          );
          expect(new Set(parts.map((part) => part.band))).toEqual(new Set([band]));
          expect(Buffer.concat(parts.map((part) => part.content)).equals(content)).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });

  it.each([[''], ['\0x'], ['\x04x']])('refuses the packet %j', (data) => {
    expect(() => readSideBand(Buffer.from(data))).toThrow(expect.objectContaining({ code: 'invalid' }));
  });
});

describe('an error packet', () => {
  it('says what it was told to', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[^\n]*$/), (sentence) => {
        const [packet] = readPackets(writeErrorPacket(sentence));
        expect(packet?.kind === 'data' && readErrorPacket(packet.data)).toBe(sentence.toWellFormed());
      }),
    );
  });

  it('is nothing else', () => {
    expect(readErrorPacket(Buffer.from('NAK\n'))).toBeUndefined();
  });
});

describe('the protocol version', () => {
  it.each([
    [undefined, 0],
    ['', 0],
    ['version=2', 2],
    ['version=1', 1],
    ['version=1:version=2', 2],
    ['version=2:version=1', 2],
    ['version=3', 0],
    ['object-format=sha1:version=2', 2],
    ['version=22', 0],
  ])('of %j is %i', (text, version) => {
    expect(readProtocolVersion(text)).toBe(version);
  });
});
