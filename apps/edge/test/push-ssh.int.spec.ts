import { existsSync } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auth } from '@antipode/contracts';
import { FLUSH, readPackets, writePacket } from '@antipode/git-wire';
import { descendants, eventually, git, localRefs, lsRemote, withoutHead } from '@antipode/testing';
import { PushOverHttps } from '../src/push/push-over-https.js';
import { Hallway } from '../src/session/hallway.js';
import { Visit } from '../src/session/visit.js';
import { basic, GivenEdge, NOT_YOURS, READER, WRITER } from './given-edge.js';
import { accessKey, GivenSsh, type GivenKey } from './given-ssh.js';

const PATH = 'acme/widget';
let edge: GivenEdge;
let ssh: GivenSsh;
let writer: GivenKey;
let work: string;

beforeAll(async () => {
  edge = await GivenEdge.open({ settings: { FRESHNESS: 'event' } });
  ssh = new GivenSsh(edge);
  writer = await ssh.known('wanda', { authorization: basic(WRITER) });
  await edge.add(PATH);
  const origin = edge.mirrors.origin(PATH);
  await git(['config', 'http.receivepack', 'true'], { cwd: origin });
  await git(['config', 'receive.advertisePushOptions', 'true'], { cwd: origin });
  work = join(edge.folder, 'work');
  await ssh.git([writer], ['clone', '--quiet', ssh.url(), work]);
});
afterAll(async () => edge[Symbol.asyncDispose]());

const push = (key: GivenKey, ...args: string[]) =>
  ssh.tryGit([key], ['push', 'origin', ...args], { cwd: work });
const commit = async (text: string): Promise<string> => {
  await git(['commit', '--quiet', '--allow-empty', '-m', text], { cwd: work });
  return git(['rev-parse', 'HEAD'], { cwd: work });
};
const primaryRefs = () => localRefs(edge.mirrors.origin(PATH));
const mirrorRefs = async () => withoutHead(await lsRemote(edge.repositoryUrl(PATH), { as: READER }));
const lastPush = () => edge.logs.findLast((line) => line['push'] !== undefined);
const posts = () => edge.primary.requests.filter(({ method }) => method === 'POST').length;
async function hook(name: string, script: string): Promise<void> {
  const file = join(edge.mirrors.origin(PATH), 'hooks', name);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}
const unhook = (name: string) => rm(join(edge.mirrors.origin(PATH), 'hooks', name));

describe('a push over SSH by whoever has linked an account', () => {
  it.each([0, 1, 2] as const)('is on the primary and on the mirror at once (v%i)', async (protocol) => {
    const tip = await commit(`over ssh ${protocol}`);
    await ssh.git([writer], ['push', '--quiet', 'origin', 'HEAD:refs/heads/ssh'], { cwd: work, protocol });
    expect(await primaryRefs()).toHaveProperty('refs/heads/ssh', tip);
    expect(await mirrorRefs()).toEqual(await primaryRefs());
    expect(lastPush()).toMatchObject({ push: 'relayed' });
  });

  it('asks the primary for nothing where there is nothing to push', async () => {
    await push(writer, 'HEAD:refs/heads/same');
    const before = posts();
    const { code, stderr } = await push(writer, 'HEAD:refs/heads/same');
    expect(stderr).toContain('Everything up-to-date');
    expect(code).toBe(0);
    expect(posts()).toBe(before);
  });

  it('ends without a pack where it only deletes, with options and without', async () => {
    await push(writer, 'HEAD:refs/heads/gone', 'HEAD:refs/heads/gone-too');
    expect((await push(writer, '--delete', 'gone')).code).toBe(0);
    expect((await push(writer, '-o', 'why=not', '--delete', 'gone-too')).code).toBe(0);
    const refs = await mirrorRefs();
    expect(refs).not.toHaveProperty('refs/heads/gone');
    expect(refs).not.toHaveProperty('refs/heads/gone-too');
  });

  it('brings options there, and a hook’s words back', async () => {
    await hook('pre-receive', 'echo "option $GIT_PUSH_OPTION_0"; exit 1');
    await commit('hooked');
    const { code, stderr } = await push(writer, '-o', 'reason=none', 'HEAD:refs/heads/hooked');
    await unhook('pre-receive');
    expect(code).toBe(1);
    expect(stderr).toContain('remote: option reason=none');
    expect(stderr).toContain('(pre-receive hook declined)');
    expect(lastPush()).toMatchObject({ push: 'refused' });
  });

  it('is force and atomic as on the primary, and goes from a shallow clone', async () => {
    const shallow = join(edge.folder, 'shallow');
    await ssh.git([writer], ['clone', '--quiet', '--depth=1', ssh.url(), shallow]);
    await git(['commit', '--quiet', '--allow-empty', '-m', 'shallow'], { cwd: shallow });
    const args = ['push', '--quiet', '--atomic', 'origin', '+HEAD:refs/heads/ssh', 'HEAD:refs/tags/shallow'];
    await ssh.git([writer], args, { cwd: shallow });
    expect(await mirrorRefs()).toMatchObject({
      'refs/heads/ssh': await git(['rev-parse', 'HEAD'], { cwd: shallow }),
      'refs/tags/shallow': expect.any(String),
    });
  });

  it('is unknown where the primary dies before its report', async () => {
    const sign = join(edge.folder, 'began');
    await hook('pre-receive', `touch ${sign}; exec sleep 60`);
    await commit('killed');
    const pushing = push(writer, 'HEAD:refs/heads/killed');
    await eventually(() => existsSync(sign));
    for (const { pid, argv } of await descendants(process.pid))
      if (argv.some((word) => /http-backend|receive-pack|^sleep$/.test(word)) && argv[0] !== 'ssh')
        process.kill(pid, 'SIGKILL');
    const { code, stderr } = await pushing;
    await unhook('pre-receive');
    expect(code).not.toBe(0);
    expect(stderr).toContain('UNKNOWN whether it arrived');
    expect(stderr).toContain(`git ls-remote ${edge.primary.url}/${PATH}.git`);
    expect(lastPush()).toMatchObject({ push: 'unknown' });
  });
});

describe('a push over SSH', () => {
  it('by an account that may not is refused in the primary’s words', async () => {
    const reader = await ssh.known('rita', { authorization: basic(READER) });
    const { code, stderr } = await push(reader, 'HEAD:refs/heads/x');
    expect(code).not.toBe(0);
    expect(stderr).toContain(NOT_YOURS);
  });

  it('by an access key is refused', async () => {
    const key = await ssh.known('deploy', {
      holder: accessKey('deploy'),
      authorization: basic(READER),
      rights: [auth.Right.RIGHT_READ],
    });
    const { code, stderr } = await push(key, 'HEAD:refs/heads/x');
    expect(code).not.toBe(0);
    expect(stderr).toContain('an access key may only read');
    expect(stderr).toContain('/-/link');
    expect(stderr).toContain(`git remote set-url --push origin ${edge.primary.url}/${PATH}.git`);
  });
});

describe('a client that keeps its side open, as JGit and libgit2 do', () => {
  const zero = '0'.repeat(40);

  async function converse() {
    const left = new AbortController();
    const conversation = {
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      protocol: 0 as const,
      signal: left.signal,
    };
    const said: Buffer[] = [];
    conversation.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    const caller = { kind: 'credential', authorization: basic(WRITER) } as const;
    const knock = {
      path: PATH,
      caller,
      right: 'write',
      clientAddress: '',
      signal: left.signal,
      visit: new Visit(),
    } as const;
    const session = await edge.app.get(Hallway).enter(knock);
    const status = edge.app.get(PushOverHttps).run(conversation, session);
    await eventually(() => Buffer.concat(said).subarray(-4).equals(FLUSH));
    const advertised = Buffer.concat(said.splice(0));
    return { conversation, said, status, advertised, left, session };
  }
  const command = (before: string, after: string, ref: string) =>
    Buffer.concat([writePacket(`${before} ${after} ${ref}\0 report-status side-band-64k`), FLUSH]);
  async function pack(): Promise<{ tip: string; bytes: Buffer }> {
    const tip = await commit('open side');
    const file = await git(['pack-objects', '--revs', '-q', join(edge.folder, 'pack')], {
      cwd: work,
      input: `${tip}\n`,
    });
    const { readFile } = await import('node:fs/promises');
    return { tip, bytes: await readFile(`${join(edge.folder, 'pack')}-${file}.pack`) };
  }

  it('is answered when its pack is whole, though it came in pieces', async () => {
    const { tip, bytes } = await pack();
    const { conversation, said, status, advertised } = await converse();
    expect(advertised.subarray(4, 44).toString()).toMatch(/^[0-9a-f]{40}$/);
    conversation.stdin.write(command(zero, tip, 'refs/heads/open'));
    const middle = Math.floor(bytes.length / 2);
    conversation.stdin.write(bytes.subarray(0, middle));
    setTimeout(() => conversation.stdin.write(bytes.subarray(middle)), 120);
    expect(await status).toBe(0);
    expect(conversation.stdin.readableEnded).toBe(false);
    expect(Buffer.concat(said).toString()).toContain('ok refs/heads/open');
    expect([...readPackets(Buffer.concat(said))].at(-1)).toEqual({ kind: 'flush' });
    expect(await primaryRefs()).toHaveProperty('refs/heads/open', tip);
  });

  it('may delete without any end at all, or push nothing', async () => {
    const tip = await git(['rev-parse', 'refs/heads/open'], { cwd: edge.mirrors.origin(PATH) });
    const deleting = await converse();
    deleting.conversation.stdin.write(command(tip, zero, 'refs/heads/open'));
    expect(await deleting.status).toBe(0);
    expect(await primaryRefs()).not.toHaveProperty('refs/heads/open');
    const before = posts();
    const idle = await converse();
    idle.conversation.stdin.write(FLUSH);
    expect(await idle.status).toBe(0);
    expect(posts()).toBe(before);
  });

  it.each(['ends', 'leaves'] as const)('and %s in the middle of its pack has pushed nothing', async (how) => {
    const { tip, bytes } = await pack();
    const { conversation, status, left, session } = await converse();
    conversation.stdin.write(command(zero, tip, 'refs/heads/half'));
    conversation.stdin.write(bytes.subarray(0, bytes.length - 1));
    await eventually(async () =>
      (await descendants(process.pid)).some(({ argv }) => argv.includes('receive-pack')),
    );
    if (how === 'ends') conversation.stdin.end();
    else left.abort();
    await status.catch(() => undefined);
    expect(session.visit.push).toBe(how === 'ends' ? 'refused' : 'unknown');
    expect(await primaryRefs()).not.toHaveProperty('refs/heads/half');
  });

  it('and says what is no push hears so', async () => {
    const { conversation, status } = await converse();
    conversation.stdin.write(writePacket('hello'));
    await expect(status).rejects.toMatchObject({ code: 'invalid' });
  });
});
