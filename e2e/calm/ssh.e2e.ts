import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { ClientChannel } from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  descendants,
  eventually,
  git,
  localRefs,
  makeHistory,
  makeSshKey,
  openScratch,
  runCommand,
  watchCommandLines,
  withoutHead,
  type Refs,
  type Scratch,
} from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { fromOurDisk, primaryRefs, untilEqual } from '../src/same-as-primary.js';
import { connectSsh } from '../src/ssh-connection.js';
import { SshPerson } from '../src/ssh-person.js';

let here: Neighbourhood;
let scratch: Scratch;
let walter: SshPerson;
let path: string;
let url: string;
/** Other keys of the same account. */
const further: Partial<Record<'rsa' | 'ecdsa', { path: string; uuid: string }>> = {};

beforeAll(async () => {
  here = await sharedHouse('calm');
  scratch = await openScratch();
  for (const kind of ['rsa', 'ecdsa'] as const) {
    const pair = await makeSshKey(scratch.path, kind, kind);
    const { uuid } = await here.sim.addSshKey(here.house.user('writer').username, pair.publicKey);
    further[kind] = { path: pair.path, uuid };
  }
  walter = await SshPerson.linked(here, 'writer', scratch);
  path = `${here.house.workspace}/over-ssh`;
  url = here.house.sshUrl(path);
  await makeHistory(scratch.file('made'), {
    commits: 40,
    branches: 6,
    tags: 4,
    // More than fits into the windows and buffers of one connection, which are 2 MiB and some.
    noise: { bytes: 640_000, every: 4 },
  });
  await here.sim.create(path, 'WEB');
  await git(['push', '--quiet', '--mirror', here.house.primaryUrl(path)], {
    cwd: scratch.file('made'),
    as: here.house.credential('owner'),
  });
  await here.mirror.untilSynced(path);
  await untilEqual(here, path, 40_000);
  await walter.untilIn();
}, 240_000);

afterAll(async () => {
  for (const { uuid } of Object.values(further)) await here.sim.removeSshKey(walter.username, uuid);
  await walter[Symbol.asyncDispose]();
  await here.sim.remove(path);
  await scratch[Symbol.asyncDispose]();
});

/** Whole, and the same as at the primary. */
async function expectWhole(clone: string): Promise<void> {
  await git(['fsck', '--strict', '--no-progress'], { cwd: clone });
  expect(await localRefs(clone)).toEqual(withoutHead(await primaryRefs(here, path)));
}

describe('git over OpenSSH', () => {
  it.each([0, 1, 2] as const)('clones everything from our disk over v%i', async (protocol) => {
    const to = scratch.file();
    await fromOurDisk(here, path, () => walter.git(['clone', '--quiet', '--mirror', url, to], { protocol }));
    await expectWhole(to);
  });

  it('takes a piece, and more of it later', async () => {
    const cwd = scratch.file();
    await walter.git(['clone', '--quiet', '--depth', '3', '--single-branch', '--branch', 'main', url, cwd]);
    expect(await git(['rev-list', '--count', 'HEAD'], { cwd })).not.toBe('40');
    const branches = await git(['for-each-ref', '--format=%(refname)', 'refs/remotes/origin'], { cwd });
    expect(branches.split('\n').filter((name) => !name.endsWith('/HEAD'))).toEqual([
      'refs/remotes/origin/main',
    ]);
    const pushed = await here.sim.commit(path, { files: { 'later.txt': `${Date.now()}` } });
    await eventually(
      async () => {
        await walter.git(['fetch', '--quiet', '--depth', '1000', 'origin'], { cwd });
        return (await git(['rev-parse', 'origin/main'], { cwd })) === pushed;
      },
      { timeoutMs: 12_000, everyMs: 200 },
    );
    await walter.git(['fetch', '--quiet', '--unshallow', 'origin'], { cwd }).catch(() => undefined);
    await git(['fsck', '--strict', '--no-progress'], { cwd });
    expect(await git(['rev-parse', '--is-shallow-repository'], { cwd })).toBe('false');
  });

  it('knows the short form with a colon, and the port from a configuration', async () => {
    const { hostname, port } = new URL(here.house.demo.mirror.ssh);
    const said = await walter.git(
      ['ls-remote', `git@${hostname}:${path}.git`],
      {},
      { options: [`Port=${port}`] },
    );
    expect(refsIn(said)).toEqual(await primaryRefs(here, path));
  });

  it('goes on while the connection changes its keys', async () => {
    const to = scratch.file();
    await walter.git(['clone', '--quiet', '--mirror', url, to], {}, { options: ['RekeyLimit=256K'] });
    await expectWhole(to);
  });

  it('lists refs without a process, and clones with one', async () => {
    await walter.git(['ls-remote', url]);
    const list = watchCommandLines();
    expect(refsIn(await walter.git(['ls-remote', url]))).toEqual(await primaryRefs(here, path));
    expect(list.stop().filter(isOurUploadPack)).toEqual([]);

    const clone = watchCommandLines();
    await walter.git(['clone', '--quiet', '--depth', '1', url, scratch.file()]);
    expect(clone.stop().filter(isOurUploadPack)).not.toEqual([]);
  });

  const isOurUploadPack = (line: string): boolean =>
    line.includes(`${here.house.data}/repositories/`) && /\bupload-pack\b/.test(line);
});

const refsIn = (listed: string): Refs =>
  Object.fromEntries(listed.split('\n').map((line) => line.split('\t').reverse() as [string, string]));

describe('git over the clients of others', () => {
  const keyOf = (kind: 'rsa' | 'ecdsa'): string => further[kind]?.path ?? '';

  async function run(program: string, ...args: string[]): Promise<void> {
    const { code, output } = await runCommand(program, args);
    if (code !== 0) throw new Error(`${program}: ${output}`);
  }

  it('such as plink, which Sourcetree brings, with an RSA key', async () => {
    const key = keyOf('rsa');
    await run('puttygen', key, '-O', 'private', '-o', `${key}.ppk`);
    const [hostKey] = await shownFingerprints();
    const env = {
      GIT_SSH_COMMAND: `plink -batch -hostkey ${hostKey} -i '${key}.ppk'`,
      GIT_SSH_VARIANT: 'plink',
      HOME: scratch.path,
    };
    const to = scratch.file();
    await git(['clone', '--quiet', '--mirror', url, to], { env });
    await expectWhole(to);
  });

  it('such as dbclient, with an ECDSA key', async () => {
    const key = keyOf('ecdsa');
    await run('dropbearconvert', 'openssh', 'dropbear', key, `${key}.dropbear`);
    const env = {
      GIT_SSH_COMMAND: `dbclient -y -y -i '${key}.dropbear'`,
      GIT_SSH_VARIANT: 'ssh',
      HOME: scratch.path,
    };
    const to = scratch.file();
    // It knows no environment to send, and so no version.
    await git(['clone', '--quiet', '--mirror', url, to], { env, protocol: 0 });
    await expectWhole(to);
  });
});

/** As the mirror tells its administrator. */
async function shownFingerprints(): Promise<string[]> {
  const [line = ''] = (await here.house.log('edge')).match(/^.*"fingerprints":.*$/gm)?.slice(-1) ?? [];
  const { fingerprints = [] } = JSON.parse(line) as { fingerprints?: string[] };
  return fingerprints.map((text) => /SHA256:\S+/.exec(text)?.[0] ?? '');
}

describe('the door', () => {
  it('greets whoever comes by name, and opens no shell, with a terminal or without', async () => {
    for (const options of [[], ['RequestTTY=force']]) {
      const { code, output } = await walter.ssh([], { options });
      expect(output).toMatch(/Hello, Walter/);
      expect(output).toContain('git clone ssh://');
      expect(code).toBe(1);
    }
  });

  it.each([
    'ls -la',
    'git-shell',
    'git-upload-archive acme/over-ssh',
    'sh -c "git-upload-pack acme/over-ssh"',
  ])('runs no other command: %s', async (command) => {
    const { code, output } = await walter.ssh([command]);
    expect(code).not.toBe(0);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).toContain('git-upload-pack');
  });

  it('forwards nothing and transfers no files', async () => {
    const { code, output } = await walter.ssh(['true'], {
      options: ['ExitOnForwardFailure=yes', 'RemoteForward=0 127.0.0.1:1'],
    });
    expect({ code, output }).toEqual({ code: 255, output: expect.stringMatching(/forwarding failed/i) });

    await using connection = await connectSsh(here, await readFile(walter.pair.path));
    const { client } = connection;
    const forward = new Promise<Error | undefined>((resolve) =>
      client.forwardOut('127.0.0.1', 1, '127.0.0.1', here.house.portBase, (error) => resolve(error)),
    );
    expect(await forward).toBeInstanceOf(Error);
    const sftp = new Promise<Error | undefined>((resolve) => client.sftp((error) => resolve(error)));
    expect(await sftp).toBeInstanceOf(Error);
  });

  it('is known by the keys whose fingerprints it shows', async () => {
    const { hostname, port } = new URL(here.house.demo.mirror.ssh);
    const { output } = await runCommand('ssh-keyscan', ['-p', port, hostname]);
    const scanned = [...output.matchAll(/^\S+ (ssh-ed25519|ssh-rsa|ecdsa-\S+) (\S+)$/gm)].map(
      ([, , blob = '']) =>
        `SHA256:${createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '')}`,
    );
    expect(scanned.length).toBeGreaterThanOrEqual(2);
    expect(new Set(scanned)).toEqual(new Set(await shownFingerprints()));
  });

  it('leaves no process behind for a client that is gone in the middle of a clone', async () => {
    const edge = await here.house.pid('edge');
    const ours = async (): Promise<number> =>
      (await descendants(edge)).filter(({ argv }) => argv.includes('upload-pack')).length;
    const tip = (await primaryRefs(here, path))['refs/heads/main'] ?? '';
    {
      await using connection = await connectSsh(here, await readFile(walter.pair.path));
      const channel = await new Promise<ClientChannel>((resolve, reject) =>
        connection.client.exec(`git-upload-pack '/${path}.git'`, (error, opened) =>
          error ? reject(error) : resolve(opened),
        ),
      );
      await once(channel, 'readable');
      channel.write(`0032want ${tip}\n00000009done\n`);
      // It takes no byte of the pack, so that git waits for it.
      await eventually(async () => (await ours()) === 1, { everyMs: 20 });
      connection.vanish();
    }
    await eventually(async () => (await ours()) === 0, { timeoutMs: 10_000, everyMs: 50 });
  });
});
