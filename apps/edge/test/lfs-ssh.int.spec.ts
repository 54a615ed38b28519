import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { auth } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import { writePointer } from '@antipode/lfs-wire';
import { freePort, git, startSshAgent, type RunningSshAgent } from '@antipode/testing';
import { openLfsTokenKey, readLfsToken, writeLfsToken } from '../src/lfs/lfs-token.js';
import { basic, GivenEdge, SECRET_KEY, STRANGER, WRITER } from './given-edge.js';
import { askLfs, BATCH, GivenServer, keep, withLfs, type LfsObject } from './given-lfs.js';
import { accessKey, GivenSsh, type GivenKey } from './given-ssh.js';
import { PrimarySshServer } from './primary-ssh.js';

/** What git-lfs-authenticate says. */
interface Told {
  readonly href: string;
  readonly header: { readonly Authorization: string };
  readonly expires_in: number;
}

const LARGE = 'large enough '.repeat(1000);
let folder: string;
let edge: GivenEdge;
let service: GivenServer;
let primary: GivenServer;
let primarySsh: PrimarySshServer;
let ssh: GivenSsh;
let agent: RunningSshAgent;
let id: string;
let rita: GivenKey;
let walt: GivenKey;
let object: LfsObject;

beforeAll(async () => {
  [service, primary, primarySsh] = await Promise.all([
    GivenServer.open('heads'),
    GivenServer.open(),
    PrimarySshServer.open(),
  ]);
  const port = await freePort();
  folder = await mkdtemp(join(tmpdir(), 'antipode-lfs-ssh-'));
  const knownHosts = join(folder, 'known_hosts');
  await writeFile(knownHosts, primarySsh.knownHosts);
  edge = await GivenEdge.open({
    settings: {
      HTTP_PORT: String(port),
      PUBLIC_URL: `http://127.0.0.1:${port}/`,
      LFS_HTTP: service.url,
      PRIMARY_SSH_URL: primarySsh.url,
      PRIMARY_SSH_KNOWN_HOSTS_FILE: knownHosts,
      FRESHNESS: 'event',
    },
    before: (url) => withLfs(primary, url),
  });
  Object.assign(edge.neighbours.lfs, { secretKey: SECRET_KEY, publicUrl: edge.url });
  primarySsh.root = join(edge.folder, 'primary');
  id = await edge.add('acme/widget');
  await edge.add('acme/other');
  await git(['config', 'http.receivepack', 'true'], { cwd: edge.mirrors.origin() });
  object = await keep(edge, LARGE);
  edge.neighbours.lfs.present.add(object.oid);
  ssh = new GivenSsh(edge);
  rita = await ssh.known('rita');
  walt = await ssh.known('walt', { authorization: basic(WRITER) });
  const ann = await ssh.key('ann');
  primarySsh.keys.add(ann.blob);
  agent = await startSshAgent(join(edge.folder, 'agent'), [ann.file]);
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await edge[Symbol.asyncDispose]();
  await Promise.all([service, primary, primarySsh].map((server) => server[Symbol.asyncDispose]()));
  await rm(folder, { recursive: true });
});
afterEach(() => {
  edge.neighbours.lfs.failing = {};
  edge.neighbours.lfs.asked.length = 0;
});

const withAgent = () => [
  ...['-o', 'ForwardAgent=yes', '-o', `IdentityAgent=${agent.socket}`],
  ...['-o', 'IdentitiesOnly=no', '-o', 'PreferredAuthentications=publickey,keyboard-interactive'],
];
const authenticate = (keys: readonly GivenKey[], words: string, ...more: string[]) =>
  ssh.run(keys, ['git-lfs-authenticate', ...words.split(' ')], ...more);
const told = async (...given: Parameters<typeof authenticate>): Promise<Told> => {
  const { code, output } = await authenticate(...given);
  expect({ code, output }).toMatchObject({ code: 0 });
  return JSON.parse(output) as Told;
};
const batch = (authorization: string, operation: 'download' | 'upload', path = BATCH) =>
  askLfs(edge, path, { headers: { authorization }, json: { operation, objects: [object] } });

describe('git-lfs-authenticate', () => {
  it.each(['/acme/widget.git', 'acme/widget.git', "'/acme/widget'", '~/acme/widget.git'])(
    'tells where LFS is, with a token of fifteen minutes: %s',
    async (path) => {
      const { href, header, expires_in } = await told([rita], `${path} download`);
      expect(href).toBe(`${edge.url}/acme/widget.git/info/lfs`);
      expect(expires_in).toBe(900);
      expect(header.Authorization).toMatch(/^Bearer antipode-lfs\./);
    },
  );

  it('gives a token that stands for its holder, whose rights are asked anew', async () => {
    const { header } = await told([rita], 'acme/widget.git download');
    expect(await batch(header.Authorization, 'download')).toMatchObject({
      status: 200,
      json: { objects: [{ actions: {} }] },
    });
    const eve = await ssh.known('eve');
    edge.neighbours.verdictMs = 0;
    const hers = await told([eve], 'acme/widget.git download');
    edge.neighbours.keys.delete(eve.blob);
    expect((await batch(hers.header.Authorization, 'download')).status).toBe(401);
    edge.neighbours.verdictMs = 60_000;
  });

  it('gives a token that is good for nothing else', async () => {
    const { header } = await told([walt], 'acme/widget.git download');
    const { Authorization } = header;
    expect((await batch(Authorization, 'upload')).status).toBe(403);
    expect((await batch(Authorization, 'download', '/acme/other.git/info/lfs/objects/batch')).status).toBe(
      404,
    );
    const refs = await fetch(`${edge.url}/acme/widget.git/info/refs?service=git-upload-pack`, {
      headers: { Authorization },
    });
    expect(refs.status).toBe(401);
    const [, scheme = '', payload = '', signature = ''] =
      /^(Bearer antipode-lfs\.)(.+)\.(.+)$/.exec(Authorization) ?? [];
    const changed = Buffer.from(payload, 'base64url').toString().replace('download', 'upload');
    const forged = `${scheme}${Buffer.from(changed).toString('base64url')}.${signature}`;
    expect((await batch(forged, 'upload')).status).toBe(401);
    const tokenKey = openLfsTokenKey(SECRET_KEY);
    const token = readLfsToken(Authorization, tokenKey, Date.now());
    const old = writeLfsToken({ ...token, expiresAt: Math.floor(Date.now() / 1000) - 1 }, tokenKey);
    expect((await batch(old, 'download')).status).toBe(401);
  });

  it('gives a token for uploads to who may write', async () => {
    const { header } = await told([walt], 'acme/widget.git upload');
    expect((await batch(header.Authorization, 'upload')).status).toBe(200);
    const [asked] = edge.neighbours.lfs.asked;
    expect(asked?.primary).toEqual({ authorization: basic(WRITER) });
    expect(await authenticate([rita], 'acme/widget.git upload')).toMatchObject({ code: 128 });
  });

  it('is refused for what is hidden or missing as git commands are, and to guests', async () => {
    const stranger = await ssh.known('stan', { authorization: basic(STRANGER) });
    const hidden = await authenticate([stranger], 'acme/widget.git download');
    const missing = await authenticate([rita], 'acme/nothing.git download');
    expect(hidden.code).toBe(128);
    expect(missing).toEqual(hidden);
    const guest = await authenticate([await ssh.key('gus')], 'acme/widget.git download');
    expect(guest).toMatchObject({ code: 128, output: expect.stringContaining('/-/link') });
  });

  it('lets an access key download, and says why it cannot upload', async () => {
    const key = await ssh.known('ci', { holder: accessKey('ci'), rights: [auth.Right.RIGHT_READ] });
    const { header } = await told([key], 'acme/widget.git upload');
    expect(await batch(header.Authorization, 'upload')).toMatchObject({
      status: 403,
      json: { message: expect.stringMatching(/access key may only read.*lfspushurl/s) },
    });
    const download = await told([key], 'acme/widget.git download');
    expect((await batch(download.header.Authorization, 'download')).status).toBe(200);
  });

  it('lets an agent download what the primary let it see, and nothing else', async () => {
    const { header } = await told([], 'acme/widget.git download', ...withAgent());
    const { Authorization } = header;
    expect((await batch(Authorization, 'download')).status).toBe(200);
    expect((await batch(Authorization, 'download', '/acme/other.git/info/lfs/objects/batch')).status).toBe(
      404,
    );
    const upload = await told([], 'acme/widget.git upload', ...withAgent());
    expect(await batch(upload.header.Authorization, 'upload')).toMatchObject({
      status: 403,
      json: { message: expect.stringMatching(/agent cannot upload.*\/-\/link.*lfspushurl/s) },
    });
    const locks = await askLfs(edge, '/acme/widget.git/info/lfs/locks/verify', {
      headers: { authorization: upload.header.Authorization },
      json: {},
    });
    expect(locks).toMatchObject({ status: 501, json: { message: expect.stringContaining('no locks') } });
  });

  it('over SSH alone is refused at once, so that git-lfs goes on', async () => {
    const { code, output } = await ssh.run([rita], ['git-lfs-transfer', 'acme/widget.git', 'download']);
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('HTTPS') });
  });
});

describe('the real git-lfs over SSH', () => {
  const lfsConfig = [
    ['filter.lfs.clean', 'git-lfs clean -- %f'],
    ['filter.lfs.smudge', 'git-lfs smudge -- %f'],
    ['filter.lfs.process', 'git-lfs filter-process'],
    ['filter.lfs.required', 'true'],
  ] as const;

  it('clones with its objects, without the primary', async () => {
    await commitPointer();
    await edge.mirrors.sync(id);
    const target = join(edge.folder, 'clone');
    await ssh.git([rita], ['clone', '--quiet', ssh.url(), target], { config: lfsConfig });
    expect(await readFile(join(target, 'large.bin'), 'utf8')).toBe(LARGE);
    expect(edge.neighbours.lfs.asked.every((request) => request.primary === undefined)).toBe(true);
  });

  it('pushes new objects, the locks having been asked for', async () => {
    const target = join(edge.folder, 'clone');
    const bytes = 'quite new';
    const options = { cwd: target, config: [...lfsConfig, ['lfs.transfer.maxretries', '1'] as const] };
    await writeFile(join(target, 'new.bin'), bytes);
    await ssh.git([walt], ['add', 'new.bin'], options);
    await ssh.git([walt], ['commit', '--quiet', '-m', 'new'], options);
    let uploaded = '';
    service.handler = (request, response) => {
      void buffer(request).then((body) => {
        if (request.method === 'PUT') uploaded = body.toString();
        response.writeHead(200).end();
      });
    };
    const { code, stderr, stdout } = await ssh.tryGit([walt], ['lfs', 'push', 'origin', 'main'], options);
    expect({ code, stderr, stdout }).toMatchObject({ code: 0 });
    expect(uploaded).toBe(bytes);
    expect(service.heard.map(({ method }) => method)).toEqual(['PUT', 'POST']);
    expect(service.heard[0]?.headers['antipode-action']).toBe('sealed');
    expect(primary.heard.map(({ url }) => url)).toContainEqual(
      expect.stringContaining('/info/lfs/locks/verify'),
    );
  });

  it('with an agent is told what helps, and pushes without objects are not held up', async () => {
    const target = join(edge.folder, 'clone');
    const options = { cwd: target, config: [...lfsConfig, ['lfs.transfer.maxretries', '1'] as const] };
    const none = await ssh.tryGit([], ['lfs', 'push', 'origin', 'HEAD~1'], options, ...withAgent());
    expect(none).toMatchObject({ code: 0 });
    const { code, stderr } = await ssh.tryGit([], ['lfs', 'push', 'origin', 'main'], options, ...withAgent());
    expect(code).not.toBe(0);
    expect(stderr).toContain('A forwarded SSH agent cannot upload LFS objects');
  });

  it('hears a clear sentence where an object cannot be had', async () => {
    edge.neighbours.lfs.present.delete(object.oid);
    edge.neighbours.lfs.failing.primary = new AntipodeError('primary_unavailable', 'failing on request');
    const target = join(edge.folder, 'without');
    const { stderr } = await ssh.tryGit([rita], ['clone', '--quiet', ssh.url(), target], {
      config: lfsConfig,
    });
    edge.neighbours.lfs.present.add(object.oid);
    expect(stderr).toMatch(/cannot be reached, and this mirror does not have this object yet/);
  });

  /** A commit on the primary with one pointer. */
  async function commitPointer(): Promise<void> {
    const cwd = edge.mirrors.origin();
    const blobs = await Promise.all(
      [
        ['.gitattributes', '*.bin filter=lfs -text\n'],
        ['large.bin', writePointer(object)],
      ].map(
        async ([name, input]) =>
          `100644 blob ${await git(['hash-object', '-w', '--stdin'], { cwd, input: input ?? '' })}\t${name}\n`,
      ),
    );
    const tree = await git(['mktree'], { cwd, input: blobs.join('') });
    const tip = await git(['commit-tree', tree, '-p', 'refs/heads/main', '-m', 'large'], { cwd });
    await git(['update-ref', 'refs/heads/main', tip], { cwd });
  }
});
