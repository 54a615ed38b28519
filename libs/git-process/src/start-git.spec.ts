import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fetchObjects } from './fetch-objects.js';
import { killOrphans } from './kill-orphans.js';
import { gitOk, initBare, isConnected, missingObjects } from './repository.js';
import { runGit } from './run-git.js';
import { processesStarted, startGit } from './start-git.js';
import { startUploadPack } from './upload-pack.js';

const OID = 'a'.repeat(40);
let folder: string;
let repository: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'git-process-'));
  repository = join(folder, 'r.git');
  await initBare(repository, 'sha1');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** A commit without a work tree; returns its id. */
async function commit(): Promise<string> {
  const tree = (await gitOk(repository, { args: ['mktree'], input: '' })).toString().trim();
  const { stdout } = await runGit({
    args: ['commit-tree', tree, '-m', `${Math.random()}`],
    cwd: repository,
    config: [
      ['user.name', 'x'],
      ['user.email', 'x@example.com'],
    ],
  });
  return stdout.toString().trim();
}

describe('a git process', () => {
  it('gets its settings by environment, never by argv', async () => {
    const git = await startGit({
      args: ['cat-file', '--batch'],
      cwd: repository,
      config: [['http.extraHeader', 'Authorization: s3cret']],
    });
    const argv = await readFile(`/proc/${git.pid}/cmdline`, 'latin1');
    expect(argv).not.toContain('s3cret');
    git.kill();
    await git.exited;
    const { stdout } = await runGit({
      args: ['config', 'a.b'],
      cwd: repository,
      config: [['a.b', 'by env']],
    });
    expect(stdout.toString()).toBe('by env\n');
  });

  it('is counted', async () => {
    const before = processesStarted();
    await runGit({ args: ['version'] });
    expect(processesStarted()).toBe(before + 1);
  });

  it('dies with all that it started when its signal aborts', async () => {
    const controller = new AbortController();
    // An alias is a shell that git starts: a grandchild of ours.
    const git = await startGit({
      args: ['child'],
      config: [['alias.child', '!sleep 60 & echo $!; wait']],
      signal: controller.signal,
    });
    const [line] = (await once(git.stdout, 'data')) as [Buffer];
    const grandchild = Number(line.toString());
    expect(isAlive(grandchild)).toBe(true);
    controller.abort();
    const { signal } = await git.exited;
    expect(signal).toBe('SIGKILL');
    expect(isRunning(await stateOf(grandchild))).toBe(false);
  });

  it('may tidy up before it is killed, where it is told so', async () => {
    const controller = new AbortController();
    const git = await startGit({
      args: ['cat-file', '--batch'],
      cwd: repository,
      signal: controller.signal,
      onAbort: 'tidy',
    });
    controller.abort();
    expect((await git.exited).signal).toBe('SIGTERM');
  });

  it('is found and ended by the successor of a program that was killed', async () => {
    await killOrphans(folder);
    const git = await startGit({ args: ['cat-file', '--batch'], cwd: repository });
    expect(await killOrphans(`${folder}/another`)).toBe(0);
    expect(await killOrphans(folder)).toBe(1);
    expect((await git.exited).signal).toBe('SIGKILL');
  });

  it('is refused more output than its caller can hold', async () => {
    await expect(runGit({ args: ['version'], maxOutputBytes: 3 })).rejects.toMatchObject({
      code: 'too_large',
    });
  });
});

describe('objects of a repository', () => {
  it('are missing, or connected', async () => {
    const tip = await commit();
    expect(await missingObjects(repository, [tip, OID])).toEqual([OID]);
    expect(await isConnected(repository, { oids: [tip], known: 'none' })).toBe(true);
    expect(await isConnected(repository, { oids: [OID], known: 'refs' })).toBe(false);
    expect(await missingObjects(repository, [])).toEqual([]);
  });
});

describe('upload-pack', () => {
  it('hides our own refs, but serves what they hold', async () => {
    const pinned = await commit();
    await gitOk(repository, { args: ['update-ref', `refs/antipode/pins/1/${pinned}`, pinned] });
    await gitOk(repository, { args: ['update-ref', 'refs/heads/main', await commit()] });
    const advertisement = await startUploadPack({ repository, protocol: 'v0', mode: 'advertise' });
    advertisement.stdin.end();
    const refs = await text(advertisement.stdout);
    expect(refs).not.toContain('refs/antipode');
    expect(refs).toContain('allow-tip-sha1-in-want');
    const answer = await startUploadPack({ repository, protocol: 'v0', mode: 'stateless' });
    answer.stdin.end(`0032want ${pinned}\n00000009done\n`);
    expect(await text(answer.stdout)).toContain('PACK');
  });

  it('speaks the version that it is told', async () => {
    const git = await startUploadPack({ repository, protocol: 'v2', mode: 'advertise' });
    git.stdin.end();
    expect(await text(git.stdout)).toContain('version 2');
  });
});

describe('fetching objects', () => {
  let server: Server;
  let url: string;
  let seen: string[];
  beforeEach(async () => {
    seen = [];
    // Takes every request and never answers.
    server = createServer((request) => seen.push(request.headers.authorization ?? ''));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as { port: number }).port}/r.git`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is given up when the primary shows no sign of life', async () => {
    const fetch = fetchObjects({ repository, url, authorization: 'Basic abc', oids: [OID], stallMs: 700 });
    await expect(fetch).rejects.toMatchObject({ code: 'timed_out' });
    expect(seen).toEqual(['Basic abc']);
  });

  it('ends when it is told to', async () => {
    const signal = AbortSignal.timeout(300);
    const fetch = fetchObjects({
      repository,
      url,
      authorization: undefined,
      oids: [OID],
      stallMs: 60_000,
      signal,
    });
    await expect(fetch).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('follows no redirect', async () => {
    server.removeAllListeners('request');
    let redirected = 0;
    server.on('request', (request, response) => {
      if (request.url?.startsWith('/elsewhere')) redirected += 1;
      response.writeHead(302, { location: '/elsewhere/info/refs?service=git-upload-pack' }).end();
    });
    const fetch = fetchObjects({ repository, url, authorization: 'Basic abc', oids: [OID], stallMs: 5000 });
    await expect(fetch).rejects.toMatchObject({ code: 'primary_unavailable' });
    expect(redirected).toBe(0);
  });

  it.each(['file:///etc', 'ext::sh -c true', '/tmp', 'ssh://127.0.0.1/x'])('refuses %s', async (target) => {
    const fetch = fetchObjects({
      repository,
      url: target,
      authorization: undefined,
      oids: [OID],
      stallMs: 5000,
    });
    await expect(fetch).rejects.toMatchObject({ code: 'primary_unavailable' });
  });
});

async function text(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += chunk.toString('latin1');
  return all;
}

/** Z is a process that has ended and only waits to be noticed. */
const isRunning = (state: string): boolean => state !== '' && state !== 'Z';
const stateOf = (pid: number): Promise<string> =>
  readFile(`/proc/${pid}/stat`, 'latin1').then(
    (stat) => stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '',
    () => '',
  );
