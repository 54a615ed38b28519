import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AntipodeError } from '@antipode/errors';
import { FLUSH, writePacket } from '@antipode/git-wire';
import { git, localRefs, lsRemote, tryGit, withoutHead, type GitCredential } from '@antipode/testing';
import { ask } from './ask.js';
import { basic, GivenEdge, NOT_YOURS, READER, STRANGER, WRITER } from './given-edge.js';

let edge: GivenEdge;
let work: string;
const as = WRITER;
const PATH = 'acme/widget';

const push = (...args: string[]) => tryGit(['push', 'origin', ...args], { cwd: work, as });
const commit = async (text: string): Promise<string> => {
  await git(['commit', '--quiet', '--allow-empty', '-m', text], { cwd: work });
  return git(['rev-parse', 'HEAD'], { cwd: work });
};
const pushLines = () => edge.logs.filter(({ route }) => route === 'receive_pack');
const lastPush = () => pushLines().at(-1);
const primaryRefs = () => localRefs(edge.mirrors.origin(PATH));
/** What the mirror itself says at once, from its own copy. */
const mirrorRefs = async () => {
  const refs = withoutHead(await lsRemote(edge.repositoryUrl(PATH), { as: READER }));
  expect(edge.logs.at(-1)).toMatchObject({ source: 'memory' });
  return refs;
};

beforeAll(async () => {
  // Nothing becomes fresh by itself: what the mirror shows after a push, the push has brought.
  edge = await GivenEdge.open({ settings: { FRESHNESS: 'event' } });
  await edge.add(PATH);
  const origin = edge.mirrors.origin(PATH);
  for (const [key, value] of [
    ['http.receivepack', 'true'],
    ['receive.advertisePushOptions', 'true'],
    ['receive.advertiseAtomic', 'true'],
  ] as const)
    await git(['config', key, value], { cwd: origin });
  await mkdir(join(origin, 'hooks'), { recursive: true });
  await writeFile(
    join(origin, 'hooks/pre-receive'),
    '#!/bin/sh\nfor i in $(seq 0 $((${GIT_PUSH_OPTION_COUNT:-0} - 1))); do eval "echo option \\$GIT_PUSH_OPTION_$i"; done\n' +
      'while read -r old new ref; do case "$ref" in */forbidden*) echo "branches called forbidden are not taken" >&2; exit 1;; esac; done\n',
  );
  await chmod(join(origin, 'hooks/pre-receive'), 0o755);
  work = join(edge.folder, 'work');
  await git(['clone', '--quiet', edge.repositoryUrl(PATH), work], { as });
});
afterAll(async () => edge[Symbol.asyncDispose]());

describe('a push', () => {
  it('of a new branch is on the primary, and on the mirror at once', async () => {
    const tip = await commit('one');
    const { code, stderr } = await push('HEAD:refs/heads/new');
    expect(stderr).toContain('[new branch]');
    expect(code).toBe(0);
    expect(await primaryRefs()).toHaveProperty('refs/heads/new', tip);
    expect(await mirrorRefs()).toEqual(await primaryRefs());
    expect(lastPush()).toMatchObject({
      route: 'receive_pack',
      status: 200,
      push: 'relayed',
      source: 'passthrough',
    });
    expect(Number(lastPush()?.['bytes_in'])).toBeGreaterThan(100);
    expect(lastPush()?.['steps_ms']).toHaveProperty('publish');
  });

  it.each([0, 1] as const)('that goes forward goes through (v%i)', async (protocol) => {
    const tip = await commit(`forward ${protocol}`);
    await git(['push', '--quiet', 'origin', 'HEAD:refs/heads/new'], { cwd: work, as, protocol });
    expect(await mirrorRefs()).toHaveProperty('refs/heads/new', tip);
  });

  it('that does not go forward is refused by the primary, by name and not as a whole', async () => {
    await push('HEAD:refs/heads/moved');
    const theirs = await edge.mirrors.commit(PATH, 'moved');
    await commit('behind');
    const { code, stderr } = await push('HEAD:refs/heads/moved', 'HEAD:refs/heads/beside');
    expect(code).toBe(1);
    expect(stderr).toMatch(/! \[rejected\]\s+HEAD -> moved \(fetch first\)/);
    expect(stderr).toMatch(/\[new branch\]\s+HEAD -> beside/);
    expect(await primaryRefs()).toHaveProperty('refs/heads/moved', theirs);
  });

  it('with --force-with-lease holds its lease against the primary itself', async () => {
    const before = await commit('leased');
    await push('HEAD:refs/heads/leased');
    await git(['commit', '--quiet', '--amend', '--allow-empty', '-m', 'amended'], { cwd: work });
    const stale = await push(`--force-with-lease=leased:${'1'.repeat(40)}`, 'HEAD:refs/heads/leased');
    expect(stale.stderr).toContain('stale info');
    const held = await push(`--force-with-lease=leased:${before}`, 'HEAD:refs/heads/leased');
    expect(held.stderr).toContain('forced update');
    expect(await mirrorRefs()).toHaveProperty(
      'refs/heads/leased',
      await git(['rev-parse', 'HEAD'], { cwd: work }),
    );
  });

  it('with --atomic is all or nothing', async () => {
    await commit('atomic');
    const before = await primaryRefs();
    const { code, stderr } = await push('--atomic', 'HEAD:refs/heads/a', 'HEAD:refs/heads/forbidden-b');
    expect(code).toBe(1);
    expect(stderr).toContain('branches called forbidden');
    expect(await primaryRefs()).toEqual(before);
    expect(lastPush()).toMatchObject({ push: 'refused', status: 200 });
    await git(['push', '--quiet', '--atomic', 'origin', 'HEAD:refs/heads/a', 'HEAD:refs/heads/b'], {
      cwd: work,
      as,
    });
    expect(await mirrorRefs()).toMatchObject({
      'refs/heads/a': expect.any(String),
      'refs/heads/b': expect.any(String),
    });
  });

  it('of tags, and their deletion, which sends no pack', async () => {
    await git(['tag', '-a', '-m', 'a tag', 'v9'], { cwd: work });
    await git(['tag', 'light'], { cwd: work });
    await git(['push', '--quiet', 'origin', 'v9', 'light'], { cwd: work, as });
    expect(await mirrorRefs()).toMatchObject({
      'refs/tags/v9': expect.any(String),
      'refs/tags/light': expect.any(String),
    });
    const { code, stderr } = await push('--delete', 'v9', 'refs/heads/a');
    expect(stderr).toMatch(/- \[deleted\]\s+v9/);
    expect(code).toBe(0);
    const refs = await mirrorRefs();
    expect(refs).not.toHaveProperty('refs/tags/v9');
    expect(refs).not.toHaveProperty('refs/heads/a');
  });

  it('carries its options, and brings back what a hook says', async () => {
    await commit('options');
    const { code, stderr } = await push('-o', 'topic=one', '-o', 'skip', 'HEAD:refs/heads/options');
    expect(code).toBe(0);
    expect(stderr).toContain('remote: option topic=one');
    expect(stderr).toContain('remote: option skip');
  });

  it('that a hook rejects ends with the hook’s own words', async () => {
    const { code, stderr } = await push('HEAD:refs/heads/forbidden');
    expect(code).toBe(1);
    expect(stderr).toContain('remote: branches called forbidden are not taken');
    expect(stderr).toContain('(pre-receive hook declined)');
    expect(lastPush()).toMatchObject({ push: 'refused' });
    expect(lastPush()?.['steps_ms']).not.toHaveProperty('publish');
  });

  it('from a shallow clone goes through', async () => {
    const shallow = join(edge.folder, 'shallow');
    await git(['clone', '--quiet', '--depth=1', edge.repositoryUrl(PATH), shallow], { as });
    await git(['commit', '--quiet', '--allow-empty', '-m', 'from the shallows'], { cwd: shallow });
    await git(['push', '--quiet', 'origin', 'HEAD:refs/heads/shallow'], { cwd: shallow, as });
    expect(await mirrorRefs()).toHaveProperty('refs/heads/shallow');
  });

  it('that is sent in chunks after git’s probe goes through, and the probe is no push', async () => {
    await commit(randomBytes(8).toString('hex'));
    const pushes = pushLines().length;
    await git(['push', '--quiet', 'origin', 'HEAD:refs/heads/chunked'], {
      cwd: work,
      as,
      config: [['http.postBuffer', '1']],
    });
    const lines = pushLines().slice(pushes);
    expect(lines.map((line) => line['push'])).toEqual([undefined, 'relayed']);
    expect(lines[0]).toMatchObject({ status: 200, bytes_in: 4 });
    expect(await mirrorRefs()).toHaveProperty('refs/heads/chunked');
  });

  it('into an empty repository makes its first branch', async () => {
    await edge.add('acme/empty', { shape: 'empty' });
    await git(['config', 'http.receivepack', 'true'], { cwd: edge.mirrors.origin('acme/empty') });
    await git(['push', '--quiet', edge.repositoryUrl('acme/empty'), 'HEAD:refs/heads/main'], {
      cwd: work,
      as,
    });
    expect(await lsRemote(edge.repositoryUrl('acme/empty'), { as })).toHaveProperty('refs/heads/main');
  });

  it('to a repository that is not synced yet does not wait for its copy', async () => {
    await edge.add('acme/soon', { synced: false });
    await git(['config', 'http.receivepack', 'true'], { cwd: edge.mirrors.origin('acme/soon') });
    const asked = edge.neighbours.asked.ensureFresh;
    await git(['push', '--quiet', edge.repositoryUrl('acme/soon'), '+HEAD:refs/heads/pushed'], {
      cwd: work,
      as,
    });
    expect(edge.neighbours.asked.ensureFresh).toBe(asked);
    expect(await lsRemote(edge.repositoryUrl('acme/soon'), { as })).toHaveProperty('refs/heads/pushed');
  });

  it('is as good as any where our own copy cannot follow', async () => {
    edge.neighbours.failing.ensureFresh = new AntipodeError('service_unavailable', 'failing on request');
    await commit('unpublished');
    const { code } = await push('HEAD:refs/heads/unpublished');
    delete edge.neighbours.failing.ensureFresh;
    expect(code).toBe(0);
    expect(await primaryRefs()).toHaveProperty('refs/heads/unpublished');
    expect(edge.logs).toContainEqual(
      expect.objectContaining({ code: 'service_unavailable', repository_id: expect.any(String) }),
    );
  });
});

describe('who may push', () => {
  const tryPush = (who: GitCredential | undefined, path = PATH) =>
    tryGit(['push', edge.repositoryUrl(path), 'HEAD:refs/heads/tried'], { cwd: work, as: who });

  it('is the primary’s to say, in its own words', async () => {
    const { code, stderr } = await tryPush(READER);
    expect(code).not.toBe(0);
    expect(stderr).toContain(NOT_YOURS);
    expect(stderr).toContain('403');
  });

  it('is not told to strangers, for whom hidden, unselected and missing are one', async () => {
    await edge.mirrors.create('acme/unselected');
    const [hidden, unselected, missing] = await Promise.all(
      [PATH, 'acme/unselected', 'acme/missing'].map(async (path) =>
        (await tryPush(STRANGER, path)).stderr.replaceAll(path, '…'),
      ),
    );
    expect(hidden).toContain('either does not exist or you do not have access');
    // As Bitbucket: a 404 would tell somebody who may fetch that there is no such repository.
    expect(hidden).toContain('403');
    expect(unselected).toBe(hidden);
    expect(missing).toBe(hidden);
    expect((await tryPush(WRITER, 'acme/unselected')).stderr.replace('acme/unselected', '…')).toBe(hidden);
  });

  it('is nobody without a credential, and the primary is not troubled', async () => {
    edge.primary.requests.length = 0;
    for (const path of [PATH, 'acme/missing'])
      expect(await ask(edge.url, `/${path}.git/info/refs?service=git-receive-pack`)).toMatchObject({
        status: 401,
      });
    expect(
      await ask(edge.url, `/${PATH}.git/git-receive-pack`, { method: 'POST', body: '0000' }),
    ).toMatchObject({
      status: 401,
    });
    expect(edge.primary.requests).toEqual([]);
  });

  it('is nobody with a wrong password', async () => {
    const { stderr } = await tryPush({ ...WRITER, password: 'wrong' });
    expect(stderr).toContain('Authentication failed');
  });
});

describe('a request as clients of other kinds send it', () => {
  const headers = { authorization: basic(WRITER), 'content-type': 'application/x-git-receive-pack-request' };
  const deletion = async (ref: string): Promise<Buffer> => {
    await git(['update-ref', ref, 'HEAD'], { cwd: edge.mirrors.origin(PATH) });
    const oid = await git(['rev-parse', 'HEAD'], { cwd: edge.mirrors.origin(PATH) });
    return Buffer.concat([
      writePacket(`${oid} ${'0'.repeat(40)} ${ref}\0 report-status side-band-64k agent=test`),
      FLUSH,
    ]);
  };
  const send = (body: Buffer, more: Record<string, string>) =>
    ask(edge.url, `/${PATH}.git/git-receive-pack`, {
      method: 'POST',
      headers: { ...headers, ...more },
      body,
    });

  it('with gzip around it goes on as it is', async () => {
    const body = gzipSync(await deletion('refs/heads/zipped'));
    const answer = await send(body, { 'content-encoding': 'gzip', 'content-length': String(body.length) });
    expect(answer.body.toString()).toContain('ok refs/heads/zipped');
    expect(await mirrorRefs()).not.toHaveProperty('refs/heads/zipped');
  });

  it('that waits to be asked for its body is asked once it is allowed', async () => {
    const body = await deletion('refs/heads/patient');
    const answer = await askPatiently({ ...headers, 'content-length': String(body.length) }, body);
    expect(answer).toEqual({ continued: true, status: 200 });
    const refused = await askPatiently(
      { ...headers, authorization: basic(READER), 'content-length': String(body.length) },
      body,
    );
    expect(refused).toEqual({ continued: false, status: 403 });
  });

  it('of another content type is none', async () => {
    expect(await send(FLUSH, { 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
  });
});

/** As curl does with large bodies: the body leaves only when the server says so. */
async function askPatiently(headers: Record<string, string>, body: Buffer) {
  const { hostname, port } = new URL(edge.url);
  const path = `/${PATH}.git/git-receive-pack`;
  const call = request({
    hostname,
    port,
    path,
    method: 'POST',
    headers: { ...headers, expect: '100-continue' },
    agent: false,
  });
  let continued = false;
  call.on('continue', () => {
    continued = true;
    call.end(body);
  });
  call.flushHeaders();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  call.destroy();
  return { continued, status: response.statusCode };
}
