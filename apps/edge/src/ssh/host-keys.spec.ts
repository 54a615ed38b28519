import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HostKeyRing, openHostKeys } from './host-keys.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-host-keys-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('host keys', () => {
  it('are made once, for their owner alone, by however many edges start at once', async () => {
    const several = await Promise.all([1, 2, 3].map(() => openHostKeys(join(folder, 'keys'))));
    expect(several[1]).toEqual(several[0]);
    expect(several[2]).toEqual(several[0]);
    expect(await openHostKeys(join(folder, 'keys'))).toEqual(several[0]);
    const names = await readdir(join(folder, 'keys'));
    expect(names.toSorted()).toEqual(['ssh_host_ecdsa_key', 'ssh_host_ed25519_key', 'ssh_host_rsa_key']);
    for (const name of names) expect((await stat(join(folder, 'keys', name))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'keys'))).mode & 0o777).toBe(0o700);
    expect(several[0]?.map(({ type }) => type)).toEqual(['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ssh-rsa']);
  });

  it('have the fingerprints that ssh shows', async () => {
    const ring = new HostKeyRing(folder);
    expect(ring.fingerprints).toEqual([]);
    await ring.open();
    expect(ring.fingerprints).toEqual([
      expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43} \(ED25519\)$/),
      expect.stringMatching(/^SHA256:.* \(ECDSA\)$/),
      expect.stringMatching(/^SHA256:.* \(RSA\)$/),
    ]);
  });

  it('may lie where nothing can be written', async () => {
    const made = await openHostKeys(folder);
    await chmod(folder, 0o500);
    expect(await openHostKeys(folder)).toEqual(made);
    await chmod(folder, 0o700);
  });

  it('end the start where one is no key, and stay as they are', async () => {
    const file = join(folder, 'ssh_host_rsa_key');
    await writeFile(file, 'no key');
    await expect(openHostKeys(folder)).rejects.toMatchObject({
      code: 'internal',
      hint: expect.stringContaining(file),
    });
    expect(await readFile(file, 'utf8')).toBe('no key');
  });
});
