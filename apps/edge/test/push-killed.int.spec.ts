import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FLUSH, writePacket } from '@antipode/git-wire';
import {
  descendants,
  eventually,
  git,
  localRefs,
  lsRemote,
  tryGit,
  type GitOptions,
} from '@antipode/testing';
import { basic, GivenEdge, WRITER } from './given-edge.js';

const PATH = 'acme/widget';
const as = WRITER;
const SIZE = 20 * 1024 * 1024;
let edge: GivenEdge;
let work: string;

beforeAll(async () => {
  edge = await GivenEdge.open();
  await edge.add(PATH);
  await git(['config', 'http.receivepack', 'true'], { cwd: edge.mirrors.origin(PATH) });
  work = join(edge.folder, 'work');
  await git(['clone', '--quiet', edge.repositoryUrl(PATH), work], { as });
  await writeFile(join(work, 'noise'), randomBytes(SIZE));
  await git(['add', 'noise'], { ...raw, cwd: work });
  await git(['commit', '--quiet', '-m', 'noise'], { cwd: work });
});
afterAll(async () => edge[Symbol.asyncDispose]());

/** Random bytes do not become smaller; the tests do become slower. */
const raw: GitOptions = {
  config: [
    ['core.compression', '0'],
    ['pack.compression', '0'],
  ],
};
const push = (ref: string) => tryGit(['push', 'origin', `HEAD:refs/heads/${ref}`], { ...raw, cwd: work, as });
const small = async (text: string): Promise<void> => {
  await git(['checkout', '--quiet', '--detach', 'origin/HEAD'], { cwd: work });
  await git(['commit', '--quiet', '--allow-empty', '-m', text], { cwd: work });
};
/** A hook of the primary that says when it has begun, and never ends by itself. */
async function hookThatHangs(name: string): Promise<string> {
  const hooks = join(edge.mirrors.origin(PATH), 'hooks');
  const sign = join(edge.folder, `${name}.began`);
  await mkdir(hooks, { recursive: true });
  await writeFile(join(hooks, name), `#!/bin/sh\necho "${name} at work" >&2\ntouch ${sign}\nexec sleep 60\n`);
  await chmod(join(hooks, name), 0o755);
  return sign;
}
const takeHookAway = (name: string) => rm(join(edge.mirrors.origin(PATH), 'hooks', name));
/** As if the primary's machine died: its processes, and with them the connections. */
async function killPrimary(): Promise<void> {
  for (const { pid, argv } of await descendants(process.pid))
    if (argv.some((word) => /http-backend|receive-pack|^sleep$/.test(word))) process.kill(pid, 'SIGKILL');
}

describe('a large push', () => {
  it('goes through as it comes', async () => {
    const { code, stderr } = await push('large');
    expect(stderr).toContain('[new branch]');
    expect(code).toBe(0);
    expect(edge.logs.findLast(({ route }) => route === 'receive_pack')?.['bytes_in']).toBeGreaterThan(SIZE);
    expect(await lsRemote(edge.repositoryUrl(PATH), { as })).toHaveProperty('refs/heads/large');
  });

  it('whose client leaves in the middle leaves nothing on the primary', async () => {
    const before = await localRefs(edge.mirrors.origin(PATH));
    const tip = await git(['rev-parse', 'HEAD'], { cwd: work });
    const command = writePacket(`${'0'.repeat(40)} ${tip} refs/heads/half\0 report-status side-band-64k`);
    const { hostname, port } = new URL(edge.url);
    const call = request({
      hostname,
      port,
      path: `/${PATH}.git/git-receive-pack`,
      method: 'POST',
      agent: false,
      headers: { authorization: basic(WRITER), 'content-type': 'application/x-git-receive-pack-request' },
    });
    call.on('error', () => undefined);
    // A pack of two objects, of which half an object comes.
    call.write(
      Buffer.concat([
        command,
        FLUSH,
        Buffer.from('PACK\0\0\0\x02\0\0\0\x02', 'latin1'),
        Buffer.of(0x95, 0x0a),
      ]),
    );
    const receiving = async () =>
      (await descendants(process.pid)).some(({ argv }) => argv.includes('receive-pack'));
    await eventually(receiving);
    call.destroy();
    await eventually(async () => !(await receiving()));
    expect(await localRefs(edge.mirrors.origin(PATH))).toEqual(before);
    await eventually(
      () => edge.logs.at(-1)?.['push'] === 'unknown' && edge.logs.at(-1)?.['code'] === 'cancelled',
    );
  });
});

describe('a primary that dies', () => {
  it('before it has reported leaves its pusher with the command that tells', async () => {
    const began = await hookThatHangs('pre-receive');
    await small('before');
    const pushing = push('before');
    await eventually(() => existsSync(began));
    await killPrimary();
    const { code, stderr } = await pushing;
    expect(code).not.toBe(0);
    expect(stderr).toContain('UNKNOWN whether it arrived');
    expect(stderr).toContain(`git ls-remote ${edge.primary.url}/${PATH}.git`);
    expect(stderr).not.toContain('[new branch]');
    await takeHookAway('pre-receive');
  });

  it('after it has begun to report is no success either', async () => {
    const began = await hookThatHangs('post-receive');
    await small('after');
    const pushing = push('after');
    await eventually(() => existsSync(began));
    await killPrimary();
    const { code, stderr } = await pushing;
    expect(code).not.toBe(0);
    expect(stderr).toContain('UNKNOWN whether it arrived');
    // It had arrived; only nobody could know.
    expect(await localRefs(edge.mirrors.origin(PATH))).toHaveProperty('refs/heads/after');
    await takeHookAway('post-receive');
  });
});
