import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PacketReader, readPacketStream } from './packet-reader.js';
import {
  DELIM,
  FLUSH,
  LARGEST_PAYLOAD,
  readPackets,
  RESPONSE_END,
  writePacket,
  type Packet,
} from './pkt-line.js';

const MARKER_BYTES = { flush: FLUSH, delim: DELIM, 'response-end': RESPONSE_END } as const;

const packets = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((data): Packet => ({ kind: 'data', data: Buffer.from(data) })),
    fc
      .constantFrom('flush' as const, 'delim' as const, 'response-end' as const)
      .map((kind): Packet => ({ kind })),
  ),
  { maxLength: 20 },
);

const write = (all: readonly Packet[]): Buffer =>
  Buffer.concat(all.map((one) => (one.kind === 'data' ? writePacket(one.data) : MARKER_BYTES[one.kind])));

/** Cuts bytes at any places; the lengths of the pieces are up to the generator. */
function slice(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return [...pieces, bytes.subarray(at)];
}

const collect = async (chunks: readonly Buffer[]): Promise<Packet[]> => {
  const found: Packet[] = [];
  for await (const packet of readPacketStream(
    (async function* () {
      yield* chunks;
    })(),
  ))
    found.push(packet);
  return found;
};

describe('pkt-line', () => {
  it('reads back what was written, however the bytes are sliced', async () => {
    await fc.assert(
      fc.asyncProperty(packets, fc.array(fc.nat(9)), async (all, lengths) => {
        expect(await collect(slice(write(all), lengths))).toEqual(all);
        expect([...readPackets(write(all))]).toEqual(all);
      }),
    );
  });

  it('takes any bytes for packets, or refuses them as invalid', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        try {
          const all = await collect([Buffer.from(bytes)]);
          expect(write(all).length).toBe(bytes.length);
        } catch (error) {
          expect(error).toMatchObject({ name: 'AntipodeError', code: 'invalid' });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the three markers and the empty packet apart', () => {
    expect([...readPackets(Buffer.from('0000000100020004'))]).toEqual([
      { kind: 'flush' },
      { kind: 'delim' },
      { kind: 'response-end' },
      { kind: 'data', data: Buffer.alloc(0) },
    ]);
  });

  it.each(['0003', 'fff1', 'ffff', '00g0', '-001', '0x10', '    ', '\0\0\0\0'])(
    'refuses the length %j at once',
    (length) => {
      const reader = new PacketReader();
      reader.push(Buffer.from(length));
      expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'invalid' }));
    },
  );

  it('carries as much as git does and no more', () => {
    const largest = writePacket(Buffer.alloc(LARGEST_PAYLOAD));
    expect(largest.toString('latin1', 0, 4)).toBe('fff0');
    expect([...readPackets(largest)]).toHaveLength(1);
    expect(() => writePacket(Buffer.alloc(LARGEST_PAYLOAD + 1))).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    );
  });

  it('refuses a stream that ends inside a packet', async () => {
    await expect(collect([Buffer.from('000aab')])).rejects.toMatchObject({ code: 'invalid' });
    expect(() => [...readPackets(Buffer.from('000'))]).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  it('stops where it is told to and hands over the rest untouched', () => {
    const reader = new PacketReader();
    reader.push(Buffer.concat([writePacket('packfile\n'), Buffer.from('zzzz is no packet')]));
    expect(reader.next()).toEqual({ kind: 'data', data: Buffer.from('packfile\n') });
    expect(reader.rest().toString()).toBe('zzzz is no packet');
    expect(reader.next()).toBeUndefined();
  });
});
