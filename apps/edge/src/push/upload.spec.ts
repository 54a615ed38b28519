import { gzipSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { FLUSH, writePacket } from '@antipode/git-wire';
import { pour, Upload } from './upload.js';

const command = (capabilities: string) =>
  Buffer.concat([writePacket(`${'1'.repeat(40)} ${'2'.repeat(40)} refs/heads/x\0 ${capabilities}`), FLUSH]);

function given(bytes: Buffer, contentEncoding?: string): Upload {
  const upload = new Upload({ maxBytes: Infinity, contentEncoding });
  upload.body.resume();
  upload.write(bytes);
  return upload;
}

describe('what a client waits for', () => {
  it.each([
    ['report-status side-band-64k', { commands: true, report: true, sideBand: true }],
    ['report-status-v2 side-band-64k agent=x', { commands: true, report: true, sideBand: true }],
    ['ofs-delta', { commands: true, report: false, sideBand: false }],
  ])('is told by its capabilities: %s', (capabilities, expected) => {
    const noise = randomBytes(200_000);
    const push = Buffer.concat([command(capabilities), noise]);
    expect(given(push).expectation).toEqual(expected);
    expect(given(gzipSync(push), 'gzip').expectation).toEqual(expected);
  });

  it('is nothing where it pushes nothing', () => {
    expect(given(FLUSH).expectation).toMatchObject({ commands: false });
    expect(given(gzipSync(FLUSH), 'x-gzip').expectation).toMatchObject({ commands: false });
  });

  it.each([Buffer.from('hello'), Buffer.alloc(0), Buffer.from('0001')])(
    'is everything where it cannot be read: %s',
    (bytes) => {
      expect(given(bytes).expectation).toEqual({ commands: true, report: true, sideBand: false });
      expect(given(bytes, 'gzip').expectation).toEqual({ commands: true, report: true, sideBand: false });
    },
  );
});

describe('a push on its way', () => {
  it('is not ended by a source that breaks', () => {
    const source = new PassThrough();
    const upload = new Upload({ maxBytes: Infinity });
    pour(source, upload);
    source.write('half');
    source.destroy(new Error('gone'));
    return new Promise<void>((resolve) => upload.body.once('close', resolve)).then(() => {
      expect(upload).toMatchObject({ isWhole: false, failure: { code: 'cancelled' } });
      expect(upload.body.writableEnded).toBe(false);
    });
  });

  it('leaves its source alone when nobody wants the rest', async () => {
    const source = new PassThrough();
    const upload = new Upload({ maxBytes: Infinity });
    pour(source, upload);
    upload.body.destroy();
    for (let i = 0; i < 100; i += 1) source.write(Buffer.alloc(65536));
    source.end();
    await new Promise((resolve) => source.once('end', resolve));
    expect(upload.bytes).toBe(100 * 65536);
  });

  it('has been read only once somebody has', async () => {
    const upload = new Upload({ maxBytes: Infinity });
    upload.write(Buffer.from('x'));
    expect(upload.wasRead).toBe(false);
    upload.body.resume();
    upload.end();
    await new Promise((resolve) => upload.body.once('end', resolve));
    expect(upload.wasRead).toBe(true);
  });
});
