import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { FLUSH, writePacket } from '@antipode/git-wire';
import { PushReader } from './push-reader.js';
import { Upload } from './upload.js';

const ZERO = '0'.repeat(40);
const OID = '1'.repeat(40);
const command = (after: string, capabilities = 'report-status') =>
  Buffer.concat([writePacket(`${OID} ${after} refs/heads/x\0 ${capabilities}`), FLUSH]);
const options = Buffer.concat([writePacket('an option'), FLUSH]);
function pack(bytes: number): Buffer {
  const content = Buffer.concat([Buffer.from('PACK\0\0\0\x02\0\0\0\x01', 'latin1'), Buffer.alloc(bytes, 7)]);
  return Buffer.concat([content, createHash('sha1').update(content).digest()]);
}

function given() {
  const source = new PassThrough();
  const upload = new Upload({ maxBytes: Infinity });
  const left = new AbortController();
  const reader = new PushReader(source, upload, left.signal);
  return { source, upload, reader, left };
}

describe('a push on a stream that stays open', () => {
  it.each([
    ['a pack', Buffer.concat([command(OID), pack(100)])],
    ['a pack and options', Buffer.concat([command(OID, 'report-status push-options'), options, pack(100)])],
    ['a pack larger than all buffers', Buffer.concat([command(OID), pack(3_000_000)])],
    ['no pack', command(ZERO)],
    ['no pack, but options', Buffer.concat([command(ZERO, 'push-options'), options])],
  ])('has its end, with %s, whole or in pieces', async (_, push) => {
    for (const size of [push.length, Math.ceil(push.length / 7)]) {
      const { source, upload, reader } = given();
      for (let at = 0; at < push.length; at += size) source.write(push.subarray(at, at + size));
      expect(await reader.intent).toBe('push');
      expect((await buffer(upload.body)).equals(push)).toBe(true);
      expect(upload.isWhole).toBe(true);
      expect(source.readableEnded).toBe(false);
    }
  });

  it('takes nothing behind its end', async () => {
    const { source, upload } = given();
    source.write(Buffer.concat([command(ZERO), Buffer.from('more')]));
    expect((await buffer(upload.body)).equals(command(ZERO))).toBe(true);
  });

  it('waits where the rest of the pack is late', async () => {
    const { source, upload, reader } = given();
    const bytes = pack(1000);
    source.write(Buffer.concat([command(OID), bytes.subarray(0, 500)]));
    expect(await reader.intent).toBe('push');
    // Three times longer than it takes for quiet.
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(upload.isWhole).toBe(false);
    source.write(bytes.subarray(500));
    expect((await buffer(upload.body)).length).toBe(command(OID).length + bytes.length);
  });
});

describe('a stream that ends', () => {
  it('behind the pack is a whole push at once', async () => {
    const { source, upload } = given();
    source.end(Buffer.concat([command(OID), pack(10)]));
    await buffer(upload.body);
    expect(upload.isWhole).toBe(true);
  });

  it.each([
    ['in a command', command(OID).subarray(0, 20)],
    ['before its pack', command(OID)],
    ['one byte before the end of its pack', Buffer.concat([command(OID), pack(10)]).subarray(0, -1)],
    ['before its options', command(ZERO, 'push-options')],
  ])('%s is never a whole push', async (_, bytes) => {
    const { source, upload } = given();
    upload.body.resume();
    source.end(bytes);
    await new Promise((resolve) => upload.body.once('close', resolve));
    expect(upload).toMatchObject({ isWhole: false, failure: { code: 'invalid' } });
  });

  it.each([Buffer.alloc(0), FLUSH])('with nothing pushes nothing', async (bytes) => {
    const { source, reader } = given();
    source.end(bytes);
    expect(await reader.intent).toBe('nothing');
  });

  it('by its client’s leaving is given up', async () => {
    const { source, upload, reader, left } = given();
    source.write(command(OID).subarray(0, 10));
    left.abort();
    await expect(reader.intent).rejects.toMatchObject({ code: 'cancelled' });
    expect(upload.isWhole).toBe(false);
  });
});
