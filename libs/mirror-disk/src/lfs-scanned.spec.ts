import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readLfsScanned, writeLfsScanned } from './lfs-scanned.js';

const oid = (n: number): string => n.toString(16).padStart(40, '0');

let repository: string;
beforeEach(async () => {
  repository = await mkdtemp(join(tmpdir(), 'lfs-scanned-'));
  await mkdir(join(repository, 'antipode'));
});
afterEach(() => rm(repository, { recursive: true, force: true }));

const file = (): string => join(repository, 'antipode/lfs-scanned');

describe('what was looked through for large files', () => {
  it('is unknown before it was written', async () => {
    expect(await readLfsScanned(repository)).toBeUndefined();
  });

  it.each([[[]], [[oid(1)]], [[oid(3), oid(1), oid(3), 'a'.repeat(64)]]])(
    'reads back as it was written: %j',
    async (tips) => {
      await writeLfsScanned(repository, tips);
      expect(await readLfsScanned(repository)).toEqual(new Set(tips));
    },
  );

  it('is unknown when the file was cut, changed, emptied or is something else', async () => {
    await writeLfsScanned(repository, [oid(1), oid(2)]);
    const whole = await readFile(file(), 'latin1');
    const spoilt = [
      '',
      'x',
      whole.slice(0, -1),
      whole.slice(0, 60),
      whole.slice(1),
      whole.replace(oid(1), oid(7)),
      `${whole}\n`,
      '\0'.repeat(whole.length),
    ];
    for (const text of spoilt) {
      await writeFile(file(), text, 'latin1');
      expect(await readLfsScanned(repository)).toBeUndefined();
    }
  });

  it('holds a hundred thousand tips', async () => {
    const tips = Array.from({ length: 100_000 }, (_, n) => oid(n));
    await writeLfsScanned(repository, tips);
    expect((await readLfsScanned(repository))?.size).toBe(100_000);
  });
});
