import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { git, localRefs, lsRemote, tryGit } from '@antipode/testing';
import { ask, INFO_REFS } from './ask.js';
import { basic, GivenEdge, READER } from './given-edge.js';

const as = READER;

describe('a selected repository that is not synced yet', () => {
  let edge: GivenEdge;
  beforeAll(async () => {
    edge = await GivenEdge.open();
    await edge.add('acme/new', { synced: false });
  });
  afterAll(async () => edge[Symbol.asyncDispose]());

  it.each([0, 1, 2] as const)('is cloned from the primary in the same request (v%i)', async (protocol) => {
    const target = `${edge.folder}/new-${protocol}`;
    await git(['clone', '--quiet', '--mirror', edge.repositoryUrl('acme/new'), target], { as, protocol });
    expect(await localRefs(target)).toEqual(await localRefs(edge.mirrors.origin('acme/new')));
    expect(edge.logs.at(-1)).toMatchObject({
      source: 'passthrough',
      passed_because: 'not_synced',
      status: 200,
    });
  });

  it('is served from here as soon as it is', async () => {
    const id = await edge.add('acme/soon', { synced: false });
    await lsRemote(edge.repositoryUrl('acme/soon'), { as });
    expect(edge.logs.at(-1)).toMatchObject({ source: 'passthrough' });
    await edge.mirrors.sync(id);
    await lsRemote(edge.repositoryUrl('acme/soon'), { as });
    expect(edge.logs.at(-1)).toMatchObject({ source: 'memory' });
  });

  it('is passed through as well when its copy is damaged', async () => {
    const id = await edge.add('acme/broken');
    await writeFile(edge.mirrors.disk.snapshotPath(id), 'rubbish');
    await git(['clone', '--quiet', edge.repositoryUrl('acme/broken'), `${edge.folder}/broken`], { as });
    expect(edge.logs.at(-1)).toMatchObject({
      source: 'passthrough',
      passed_because: 'damaged',
      code: 'mirror_damaged',
    });
  });

  it.each([0, 2] as const)(
    'comes from the primary when objects are missing behind good refs (v%i)',
    async (protocol) => {
      const id = await edge.add(`acme/holes-${protocol}`);
      const mirror = edge.mirrors.disk.repositoryPath(id);
      const tree = await git(['rev-parse', 'HEAD^{tree}'], { cwd: mirror });
      await loseObject(mirror, tree);
      const target = `${edge.folder}/holes-${protocol}`;
      await git(['clone', '--quiet', edge.repositoryUrl(`acme/holes-${protocol}`), target], { as, protocol });
      await git(['fsck'], { cwd: target });
      expect(edge.logs.at(-1)).toMatchObject({ source: 'passthrough', passed_because: 'refused_by_git' });
    },
  );
});

/** Makes one object of a repository unreadable, whatever pack it is in. */
async function loseObject(repository: string, oid: string): Promise<void> {
  const objects = await git(['cat-file', '--batch-all-objects', '--batch-check=%(objectname)'], {
    cwd: repository,
  });
  const kept = objects.split('\n').filter((name) => name !== oid);
  const { readdir, rm } = await import('node:fs/promises');
  const name = await git(['pack-objects', join(repository, 'objects/pack/new')], {
    cwd: repository,
    input: `${kept.join('\n')}\n`,
  });
  for (const entry of await readdir(join(repository, 'objects'))) {
    if (/^[0-9a-f]{2}$/.test(entry)) await rm(join(repository, 'objects', entry), { recursive: true });
  }
  for (const file of await readdir(join(repository, 'objects/pack'))) {
    if (!file.startsWith(`new-${name}`)) await rm(join(repository, 'objects/pack', file), { force: true });
  }
  const { rename } = await import('node:fs/promises');
  for (const file of await readdir(join(repository, 'objects/pack'))) {
    await rename(
      join(repository, 'objects/pack', file),
      join(repository, 'objects/pack', file.replace('new-', 'pack-')),
    );
  }
}

describe('an answer of the primary', () => {
  let edge: GivenEdge;
  let odd: Server;
  let answer: (response: ServerResponse, path: string) => void;

  beforeAll(async () => {
    odd = createServer((request, response) => answer(response, request.url ?? ''));
    odd.listen(0, '127.0.0.1');
    await once(odd, 'listening');
    const { port } = odd.address() as { port: number };
    edge = await GivenEdge.open({
      settings: { PRIMARY_GIT_URL: `http://127.0.0.1:${port}`, PASS_THROUGH_WAIT_SECONDS: '1' },
    });
    await edge.add('acme/new', { synced: false });
    answer = good;
    await ask(edge.url, `/acme/new.git${INFO_REFS}`, { headers });
  });
  afterAll(async () => {
    await edge[Symbol.asyncDispose]();
    odd.closeAllConnections();
    odd.close();
  });

  const headers = { authorization: basic(READER) };
  const ADVERTISEMENT = { 'content-type': 'application/x-git-upload-pack-advertisement' };
  const good = (response: ServerResponse): void => void response.writeHead(200, ADVERTISEMENT).end('0000');
  const heard = (given: typeof answer) => {
    answer = given;
    return ask(edge.url, `/acme/new.git${INFO_REFS}`, { headers });
  };

  it('is relayed with git’s headers alone', async () => {
    const { status, headers: told } = await heard((response) =>
      response
        .writeHead(200, { ...ADVERTISEMENT, 'set-cookie': 'a=b', 'x-request-id': '7', server: 'x' })
        .end('0000'),
    );
    expect(status).toBe(200);
    expect(
      Object.keys(told).filter((name) => ['set-cookie', 'x-request-id', 'server'].includes(name)),
    ).toEqual([]);
  });

  it.each([
    ['a redirect', 302, { location: 'http://169.254.169.254/' }, 502],
    ['a login page', 200, { 'content-type': 'text/html' }, 502],
    ['an error', 500, {}, 503],
    ['too many requests', 429, {}, 503],
  ] as const)('that is %s is told as our own failure', async (_, status, told, expected) => {
    const {
      status: seen,
      headers: seenHeaders,
      body,
    } = await heard((response) => response.writeHead(status, told).end('<secret>'));
    expect(seen).toBe(expected);
    expect(seenHeaders.location).toBeUndefined();
    expect(body.toString()).not.toContain('secret');
  });

  it('that is silence ends after a bounded time', async () => {
    expect((await heard(() => undefined)).status).toBe(503);
  });

  it.each([
    ['with chunks', (response: ServerResponse) => void response.writeHead(200, ADVERTISEMENT)],
    [
      'with a length',
      (response: ServerResponse) =>
        void response.writeHead(200, { ...ADVERTISEMENT, 'content-length': '1000' }),
    ],
    [
      'with neither',
      (response: ServerResponse) => {
        response.useChunkedEncodingByDefault = false;
        response.shouldKeepAlive = false;
        response.writeHead(200, ADVERTISEMENT);
      },
    ],
  ])('that is cut short %s is a broken connection, never a clean end', async (_, begin) => {
    const cut = heard((response) => {
      begin(response);
      response.write('001e# service=git-upload-pack\n');
      setTimeout(() => response.socket?.destroySoon(), 50);
    });
    await expect(cut).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('that allows no more what it allowed is the same refusal as from auth', async () => {
    const refused = await heard((response) => response.writeHead(404).end('Not here'));
    const other = await ask(edge.url, `/acme/never-was.git${INFO_REFS}`, { headers });
    expect(refused.status).toBe(404);
    expect(refused.body).toEqual(other.body);
  });
});

describe('a primary without an API', () => {
  it('teaches repositories by the first request that it authorises', async () => {
    await using edge = await GivenEdge.open({
      settings: { PRIMARY_KIND: 'git-http', PRIMARY_ON_DEMAND: 'true' },
      public: ['deep/er/path'],
    });
    await edge.mirrors.create('deep/er/path');
    await git(['clone', '--quiet', edge.repositoryUrl('deep/er/path'), `${edge.folder}/learnt`]);
    expect(edge.neighbours.asked.learn).toBe(1);
    const { stderr } = await tryGit(['ls-remote', edge.repositoryUrl('deep/er/other')], { as });
    expect(stderr).toContain('not found');
    expect(edge.neighbours.asked.learn).toBe(1);
  });
});
