import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readBatch } from './read-batch.js';

const OID = 'a'.repeat(40);
const print = (contents: readonly Uint8Array[]): Buffer =>
  Buffer.concat(
    contents.flatMap((content) => [
      Buffer.from(`${OID} blob ${content.length}\n`),
      Buffer.from(content),
      Buffer.from('\n'),
    ]),
  );

function* sliced(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function read(chunks: Iterable<Buffer>): Promise<string[]> {
  const contents: string[] = [];
  const source = (async function* () {
    for (const chunk of chunks) yield await Promise.resolve(chunk);
  })();
  for await (const { content } of readBatch(source)) contents.push(content.toString('hex'));
  return contents;
}

describe('the output of git cat-file --batch', () => {
  it('reads the same however it is sliced', async () => {
    const objects = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(objects, fc.integer({ min: 1, max: 300 }), async (contents, length) => {
        expect(await read(sliced(print(contents), length))).toEqual(
          contents.map((content) => Buffer.from(content).toString('hex')),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('is a failure where an object is missing, or the end', async () => {
    await expect(read([Buffer.from(`${OID} missing\n`)])).rejects.toMatchObject({ code: 'mirror_damaged' });
    const whole = print([Buffer.from('content')]);
    await expect(read([whole.subarray(0, -1)])).rejects.toMatchObject({ code: 'internal' });
    await expect(read([Buffer.from(`${OID} blob 99999999999\n`)])).rejects.toMatchObject({
      code: 'too_large',
    });
  });
});
