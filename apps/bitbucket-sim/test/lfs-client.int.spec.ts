import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  git,
  makeSshKey,
  openScratch,
  overSsh,
  runSsh,
  tryGit,
  type GitOptions,
  type Scratch,
} from '@antipode/testing';
import { apiOf, ask } from './lfs-requests.js';
import { SimUnderTest } from './open-sim.js';

/** git with git-lfs, as `git lfs install` sets it up, without anybody's configuration. */
const LFS: GitOptions['config'] = [
  ['filter.lfs.process', 'git-lfs filter-process'],
  ['filter.lfs.smudge', 'git-lfs smudge -- %f'],
  ['filter.lfs.clean', 'git-lfs clean -- %f'],
  ['filter.lfs.required', 'true'],
];

const oidOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('git-lfs', () => {
  let sim: SimUnderTest;
  let api: ReturnType<typeof apiOf>;
  let scratch: Scratch;
  beforeAll(async () => {
    sim = await SimUnderTest.open();
    api = apiOf(sim);
    scratch = await openScratch();
  });
  afterAll(async () => {
    await sim[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  const as = (name: string, more: GitOptions = {}): GitOptions => ({
    as: sim.git(name),
    config: LFS,
    ...more,
    env: { HOME: scratch.path, ...more.env },
  });
  const clone = async (repository: string, folder: string, options: GitOptions): Promise<string> => {
    const work = scratch.file(folder);
    await git(['clone', '--quiet', sim.repository(repository), work], options);
    return work;
  };

  it('clones what the control API has committed, each object by one download', async () => {
    const files = { 'a.bin': { seed: 'a', size: 700_000 }, 'b.bin': 'small', 'c.bin': '' };
    const { objects } = await api.lfs.commit('acme/warehouse', files);
    await api.resetCounters();
    const work = await clone('acme/warehouse', 'clone', as('walter'));

    expect(oidOf(await readFile(join(work, 'a.bin')))).toBe(objects['a.bin']?.oid);
    expect(await readFile(join(work, 'b.bin'), 'utf8')).toBe('small');
    expect(await api.lfs.traffic(objects['a.bin']?.oid ?? '')).toEqual({
      asked: 1,
      downloads: 1,
      bytesOut: 700_000,
      uploads: 0,
      bytesIn: 0,
      verifications: 0,
    });
    const { lfs } = await api.counters();
    expect(lfs.repositories).toEqual({ 'acme/warehouse': { download: 1, upload: 0 } });
    expect([lfs.media.strayAuthorization, lfs.media.strayHeader]).toEqual([0, 0]);
  });

  it('pushes objects, which another then has, and pushes none twice', async () => {
    const bytes = randomBytes(300_000);
    const work = await clone('acme/pipelines', 'push', as('walter'));
    await writeFile(join(work, '.gitattributes'), '*.bin filter=lfs diff=lfs merge=lfs -text\n');
    await writeFile(join(work, 'new.bin'), bytes);
    await git(['add', '.'], as('walter', { cwd: work }));
    await git(['commit', '--quiet', '-m', 'Add'], as('walter', { cwd: work }));
    const push = () => git(['lfs', 'push', '--all', 'origin'], as('walter', { cwd: work }));
    await push();
    await git(['push', '--quiet', 'origin', 'HEAD:main'], as('walter', { cwd: work }));
    await git(['update-ref', '-d', 'refs/remotes/origin/main'], { cwd: work });
    await push();

    const traffic = { uploads: 1, bytesIn: bytes.length, verifications: 1 };
    expect(await api.lfs.traffic(oidOf(bytes))).toMatchObject(traffic);
    const other = await clone('acme/pipelines', 'other', as('olivia'));
    expect((await readFile(join(other, 'new.bin'))).equals(bytes)).toBe(true);
  });

  it('works by a token that SSH gives, also for an access key', async () => {
    const pair = await makeSshKey(scratch.path, 'deploy', 'ed25519');
    await api.addDeployKey('acme/storefront', pair.publicKey);
    const { objects } = await api.lfs.commit('acme/storefront', { 'over-ssh.bin': 'by a key' });
    const work = scratch.file('ssh');
    await git(['clone', '--quiet', `${sim.ssh}/acme/storefront.git`, work], {
      config: LFS,
      env: { HOME: scratch.path, ...overSsh({ key: pair.path }) },
    });

    expect(await readFile(join(work, 'over-ssh.bin'), 'utf8')).toBe('by a key');
    expect((await api.lfs.traffic(objects['over-ssh.bin']?.oid ?? '')).downloads).toBe(1);
  });

  it('asks by SSH for a token that is good for one repository, one right and some time', async () => {
    const pair = await makeSshKey(scratch.path, 'key-of-walter', 'ed25519');
    await api.addSshKey('walter', pair.publicKey);
    await api.resetCounters();
    const ssh = (...command: string[]) => runSsh(sim.ssh, { key: pair.path }, command);
    const token = async (...command: string[]) =>
      JSON.parse((await ssh('git-lfs-authenticate', ...command)).output);
    const download = await token('acme/storefront.git', 'download');
    const upload = await token("'/acme/storefront.git'", 'upload');
    const status = async (operation: string, { header }: typeof download, repository = 'acme/storefront') =>
      (
        await ask(sim, `${repository}/info/lfs/objects/batch`, {
          body: { operation, objects: [] },
          headers: header,
        })
      ).status;

    expect(download).toMatchObject({ href: `${sim.url}/acme/storefront/info/lfs`, expires_in: 600 });
    expect([await status('download', download), await status('upload', download)]).toEqual([200, 403]);
    expect([await status('download', upload), await status('upload', upload)]).toEqual([200, 200]);
    expect(await status('download', download, 'acme/warehouse')).toBe(403);
    await api.settings({ lfsTokenLifetimeSeconds: 0 });
    expect(await status('download', await token('acme/storefront', 'download'))).toBe(401);
    await api.settings({ lfsTokenLifetimeSeconds: 600 });
    expect((await ssh('git-lfs-transfer', 'acme/storefront.git', 'download')).code).toBe(127);
    const hidden = await ssh('git-lfs-authenticate', 'acme/nothing.git', 'download');
    expect([hidden.code, hidden.output]).toEqual([1, expect.stringContaining('does not exist')]);
    await api.faults({ fail: [{ class: 'ssh', status: 503, times: 1 }] });
    expect((await ssh('git-lfs-authenticate', 'acme/storefront.git', 'download')).code).toBe(1);
    const { ssh: counted } = await api.counters();
    expect(counted.repositories['acme/storefront']?.other?.statuses).toEqual({ 0: 3, 1: 1 });
  });

  it('locks, sees the locks of others, and unlocks', async () => {
    await api.settings({ lfsLocking: 'on' });
    await api.lfs.commit('acme/design-system', { 'logo.png': 'logo' });
    const walter = await clone('acme/design-system', 'walter', as('walter'));
    const olivia = await clone('acme/design-system', 'olivia', as('olivia'));
    const lfs = (name: string, cwd: string, ...args: string[]) => tryGit(['lfs', ...args], as(name, { cwd }));

    expect((await lfs('walter', walter, 'lock', 'logo.png')).stdout).toContain('Locked logo.png');
    expect((await lfs('olivia', olivia, 'lock', 'logo.png')).code).not.toBe(0);
    expect((await lfs('olivia', olivia, 'locks')).stdout).toMatch(/logo\.png\s+Walter Writer/);
    expect((await lfs('olivia', olivia, 'unlock', 'logo.png')).code).not.toBe(0);
    expect((await lfs('olivia', olivia, 'unlock', '--force', 'logo.png')).stdout).toContain('Unlocked');
    expect((await lfs('walter', walter, 'locks')).stdout).not.toContain('logo.png');
    await api.settings({ lfsLocking: 501 });
    expect((await lfs('walter', walter, 'lock', 'logo.png')).stderr).toContain('not supported');
  });
});
