import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MirrorSettings } from '../config.js';
import { identify } from '../house/process-identity.js';
import { findMirror } from './find-mirror.js';

describe('which mirror a command talks to', () => {
  let folder: string;
  let data: string;
  let settings: MirrorSettings;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'antipode-find-'));
    data = join(folder, 'data');
    settings = {
      ...{ url: undefined, token: undefined, tokenFile: undefined, profile: undefined },
      profileFolder: join(folder, 'profiles'),
    };
    await mkdir(settings.profileFolder);
    await writeFile(join(folder, 'token'), 'token-of-a-file\n');
    await writeFile(join(settings.profileFolder, 'token'), 'token-of-a-profile');
    await writeProfile('default', { url: 'https://profile.example/', tokenFile: 'token' });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const writeProfile = (name: string, content: unknown): Promise<void> =>
    writeFile(join(settings.profileFolder, `${name}.json`), JSON.stringify(content));

  /** A house whose supervisor is this very process. */
  async function openHouse(): Promise<void> {
    await mkdir(data);
    const supervisor = await identify(process.pid);
    await writeFile(join(data, 'house.json'), JSON.stringify({ supervisor, portBase: 7990, processes: [] }));
    const demo = {
      mirror: {
        url: 'http://127.0.0.1:7990',
        ssh: 'ssh://git@127.0.0.1:7999',
        adminToken: 'token-of-the-house',
      },
      primary: { url: 'https://bitbucket.org', api: null, ssh: null },
      workspace: 'acme',
    };
    await writeFile(join(data, 'demo.json'), JSON.stringify(demo));
  }

  it('is the house of a folder, with its own token', async () => {
    await openHouse();
    expect(await findMirror({ data }, { ...settings, url: 'https://environment.example' })).toMatchObject({
      url: 'http://127.0.0.1:7990',
      token: 'token-of-the-house',
      house: { workspace: 'acme' },
    });
  });

  it('is none where the house is gone that left its papers', async () => {
    await openHouse();
    const gone = { supervisor: { pid: process.pid, startedAt: 'before' }, portBase: 7990, processes: [] };
    await writeFile(join(data, 'house.json'), JSON.stringify(gone));
    await expect(findMirror({ data }, settings)).rejects.toMatchObject({
      code: 'service_unavailable',
      hint: expect.stringMatching(/Nothing runs on .* Start it with `antipode up/),
    });
  });

  it('is what is typed, before the environment, before the default profile', async () => {
    const environment = {
      ...settings,
      url: 'https://environment.example',
      token: 'token-of-the-environment',
    };
    const typed = { url: 'https://typed.example', tokenFile: join(folder, 'token') };
    expect(await findMirror(typed, environment)).toEqual({
      url: 'https://typed.example',
      token: 'token-of-a-file',
      tokenFrom: `the file ${join(folder, 'token')}`,
    });
    expect(await findMirror({}, environment)).toMatchObject({
      url: 'https://environment.example',
      token: 'token-of-the-environment',
    });
    expect(await findMirror({}, settings)).toMatchObject({
      url: 'https://profile.example',
      token: 'token-of-a-profile',
    });
  });

  it('gets no token that was given for another address', async () => {
    const environment = {
      ...settings,
      url: 'https://environment.example',
      token: 'token-of-the-environment',
    };
    expect((await findMirror({ url: 'https://stranger.example' }, environment)).token).toBeUndefined();
    expect((await findMirror({ url: 'https://profile.example' }, environment)).token).toBe(
      'token-of-a-profile',
    );
    await openHouse();
    expect((await findMirror({ url: 'http://127.0.0.1:7990', data }, settings)).token).toBe(
      'token-of-the-house',
    );
    expect((await findMirror({ url: 'http://127.0.0.1:7991', data }, settings)).token).toBeUndefined();
  });

  it.each([
    ['ftp://mirror.example', /must begin with http/],
    ['https://admin:hunter2@mirror.example', /must hold no credential/],
  ])('is never %s', async (url, says) => {
    const error = await findMirror({ url }, settings).catch((thrown: { hint: string }) => thrown.hint);
    expect(error).toMatch(says);
    expect(error).not.toMatch(/hunter2/);
  });

  it('says what is wrong with a profile or a token file, and repeats nothing of a token', async () => {
    await writeProfile('broken', { url: 'mirror.example', token: 'hunter2' });
    const hint = (options: Parameters<typeof findMirror>[0]): Promise<unknown> =>
      findMirror(options, settings).catch((thrown: { hint: string }) => thrown.hint);
    expect(await hint({ profile: 'broken' })).toMatch(/broken\.json must be JSON like .*url/);
    await writeFile(join(folder, 'two'), 'hunter2\nhunter3');
    const said = await hint({ url: 'https://mirror.example', tokenFile: join(folder, 'two') });
    expect(said).toMatch(/two must hold the admin token and nothing else/);
    expect(said).not.toMatch(/hunter/);
  });
});
