import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  allProcesses,
  Child,
  eventually,
  git,
  makeSshKey,
  openScratch,
  overSsh,
  runSsh,
  tryGit,
  type Scratch,
  type SshKeyPair,
} from '@antipode/testing';
import ssh2 from 'ssh2';
import { SimUnderTest } from './open-sim.js';

const MISSING = /repository either does not exist or you do not have access/;

describe('the SSH side', () => {
  let sim: SimUnderTest;
  let scratch: Scratch;
  const keys: Record<string, SshKeyPair> = {};

  beforeAll(async () => {
    sim = await SimUnderTest.open();
    scratch = await openScratch();
    for (const name of ['walter', 'rita', 'sven', 'thief']) keys[name] = await makeSshKey(scratch.path, name);
    for (const name of ['walter', 'rita', 'sven'])
      await sim.control('POST', `/users/${name}/ssh-keys`, { publicKey: keys[name]?.publicKey });
  });
  afterAll(async () => {
    await sim[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  const path = (name: string): string => keys[name]?.path ?? '';
  const as = (name: string) => ({ env: overSsh({ key: path(name) }) });
  const url = (repository: string): string => `${sim.ssh}/${repository}.git`;

  it('greets whoever proves a key, and has no shell', async () => {
    const greeted = await runSsh(sim.ssh, { key: path('walter') });
    const tried = await runSsh(sim.ssh, { key: path('walter') }, ['cat', '/etc/passwd']);

    expect(greeted.output).toBe(
      'authenticated via ssh key.\n\nYou can use git to connect to Bitbucket. Shell access is disabled\n',
    );
    expect([greeted.code, tried.code]).toEqual([1, 1]);
    expect(tried.output).toContain('Shell access is disabled');
  });

  it('lets nobody in whose key it does not know', async () => {
    const { code, output } = await runSsh(sim.ssh, { key: path('thief') });

    expect(code).toBe(255);
    expect(output).toContain('Permission denied (publickey)');
  });

  it("refuses a client that offers somebody's key but signs with another", async () => {
    const walter = ssh2.utils.parseKey(keys['walter']?.publicKey ?? '') as ssh2.ParsedKey;
    const thief = ssh2.utils.parseKey(await privateKey(path('thief'))) as ssh2.ParsedKey;
    const impostor = Object.assign(Object.create(walter) as ssh2.ParsedKey, {
      isPrivateKey: () => true,
      sign: (data: Buffer, algo?: string) => thief.sign(data, algo),
    });

    expect(await knock(sim.ssh, thief, 'git')).toBe('refused');
    expect(await knock(sim.ssh, impostor, 'git')).toBe('refused');
    const own = ssh2.utils.parseKey(await privateKey(path('walter'))) as ssh2.ParsedKey;
    expect(await knock(sim.ssh, own, 'root')).toBe('refused');
    expect(await knock(sim.ssh, own, 'git')).toBe('accepted');
  });

  it.each(['ecdsa', 'rsa'] as const)('takes a key of the kind %s', async (kind) => {
    const pair = await makeSshKey(scratch.path, `olivia-${kind}`, kind);
    await sim.control('POST', '/users/olivia/ssh-keys', { publicKey: pair.publicKey });

    expect((await runSsh(sim.ssh, { key: pair.path })).output).toContain('authenticated via ssh key.');
  });

  it.each([0, 1, 2] as const)(
    'serves protocol version %d, in both forms of the address',
    async (protocol) => {
      const { hostname, port } = new URL(sim.ssh);
      const env = overSsh({ key: path('walter'), options: [`Port=${port}`] });
      const answers = await Promise.all([
        git(['ls-remote', sim.repository('acme/storefront')], { as: sim.git('walter') }),
        git(['ls-remote', url('acme/storefront')], { ...as('walter'), protocol }),
        git(['ls-remote', `git@${hostname}:acme/storefront`], { env, protocol }),
      ]);

      expect(answers[0]).toContain('refs/tags/v2.0.0');
      expect(new Set(answers).size).toBe(1);
    },
  );

  it('keeps its host keys over a restart', async () => {
    const keysOf = async () =>
      ((await sim.control('GET', '/state')).ssh.knownHosts as string[]).map((line) =>
        line.split(' ').slice(1),
      );
    const before = await keysOf();
    await sim.restart();
    const knownHosts = scratch.file('known_hosts');
    const { host } = new URL(sim.ssh.replace('ssh:', 'http:'));
    const name = host.replace(/^(.*):/, '[$1]:');
    await writeFile(knownHosts, before.map((key) => `${name} ${key.join(' ')}\n`).join(''));

    expect(before.map(([type]) => type)).toEqual(['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ssh-rsa']);
    expect((await runSsh(sim.ssh, { key: path('walter'), knownHosts })).output).toContain('authenticated');
    await writeFile(knownHosts, `${name} ${keys['thief']?.publicKey}\n`);
    expect((await runSsh(sim.ssh, { key: path('walter'), knownHosts })).code).toBe(255);
  });

  it('decides as the HTTPS door does, and says why', async () => {
    const asked = async (name: string, repository: string) =>
      (await tryGit(['ls-remote', url(repository)], as(name))).stderr;

    const [hidden, noGrant, missing, open] = await Promise.all([
      asked('sven', 'acme/storefront'),
      asked('rita', 'acme/pipelines'),
      asked('walter', 'acme/none'),
      asked('sven', 'acme/handbook'),
    ]);
    for (const answer of [hidden, noGrant, missing]) expect(answer).toMatch(MISSING);
    expect(open).toBe('');
    await sim.control('PATCH', '/repositories/acme/storefront', { refusal: 'ip-allowlist' });
    expect(await asked('walter', 'acme/storefront')).toContain('an admin must whitelist your IP');
    await sim.control('PATCH', '/repositories/acme/storefront', { refusal: null });
  });

  it('takes a push with all that follows from it, and counts', async () => {
    const work = scratch.file('work');
    await git(['clone', '--quiet', url('acme/design-system'), work], as('walter'));
    await sim.control('DELETE', '/counters');
    const before = await sim.get('/repositories/acme/design-system', 'olivia');
    await git(['commit', '--quiet', '--allow-empty', '-m', 'By SSH'], { cwd: work });
    await git(['push', '--quiet', 'origin', 'HEAD:refs/heads/by-ssh'], { cwd: work, ...as('walter') });
    const after = await sim.get('/repositories/acme/design-system', 'olivia');
    const { ssh } = await sim.control('GET', '/counters');

    expect(after.json.updated_on > before.json.updated_on).toBe(true);
    expect((await sim.control('GET', '/repositories/acme/design-system/refs')).refs).toHaveProperty([
      'refs/heads/by-ssh',
    ]);
    expect(ssh.repositories['acme/design-system']['receive-pack']).toMatchObject({
      requests: 1,
      statuses: { 0: 1 },
    });
    expect(ssh.bytesIn).toBeGreaterThan(100);
    expect(ssh.logins.accepted).toBe(1);
  });

  it('ends git when the reader goes away', async () => {
    const serving = async () =>
      (await allProcesses()).filter(({ argv }) => argv.join(' ').includes(sim.data));
    const args = ['-F', 'none', '-i', path('walter'), '-o', 'StrictHostKeyChecking=no'];
    const options = ['-o', 'UserKnownHostsFile=/dev/null', '-o', 'IdentityAgent=none', '-T', sim.ssh];
    const reader = new Child('ssh', [...args, ...options, "git-upload-pack 'acme/storefront.git'"], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    await eventually(async () => (await serving()).length > 0);
    await reader.end('SIGKILL');

    await eventually(async () => (await serving()).length === 0);
  });

  it('refuses a push without the right to write', async () => {
    const work = scratch.file('work');
    const push = await tryGit(['push', url('acme/design-system'), 'HEAD:refs/heads/mine'], {
      cwd: work,
      ...as('rita'),
    });

    expect(push.code).not.toBe(0);
    expect(push.stderr).toMatch(MISSING);
  });

  it('has repository and project access keys, which only read', async () => {
    const key = await makeSshKey(scratch.path, 'robot');
    const work = scratch.file('work');
    const robot = { env: overSsh({ key: key.path }) };
    const reads = async (repository: string) =>
      (await tryGit(['ls-remote', url(repository)], robot)).code === 0;
    const add = (subject: string) =>
      sim.control('POST', `${subject}/deploy-keys`, { publicKey: key.publicKey });

    const { id } = await add('/repositories/acme/design-system');
    expect([await reads('acme/design-system'), await reads('acme/storefront')]).toEqual([true, false]);
    const push = await tryGit(['push', url('acme/design-system'), 'HEAD:mine'], { cwd: work, ...robot });
    expect(push.stderr).toContain('access via a deployment key is read-only');
    await add('/workspaces/acme/projects/WEB');
    await sim.control('DELETE', `/repositories/acme/design-system/deploy-keys/${id}`);
    expect([await reads('acme/storefront'), await reads('acme/pipelines')]).toEqual([true, false]);
  });

  it('forgets a key that is removed, and one that has expired', async () => {
    const key = await makeSshKey(scratch.path, 'short');
    const known = async () => (await runSsh(sim.ssh, { key: key.path })).code !== 255;
    const add = (expiresOn: string | null) =>
      sim.control('POST', '/users/rita/ssh-keys', { publicKey: key.publicKey, expiresOn });

    const { uuid } = await add(null);
    expect(await known()).toBe(true);
    await sim.control('DELETE', `/users/rita/ssh-keys/${encodeURIComponent(uuid)}`);
    expect(await known()).toBe(false);
    await add('2020-01-01T00:00:00Z');
    expect(await known()).toBe(false);
  });

  it('takes a key for one account only', async () => {
    const publicKey = keys['walter']?.publicKey;

    await expect(sim.control('POST', '/users/rita/ssh-keys', { publicKey })).rejects.toThrow(
      'Someone has already registered that SSH key',
    );
    await expect(
      sim.control('POST', '/users/rita/ssh-keys', { publicKey: 'ssh-ed25519 AAAA' }),
    ).rejects.toThrow('invalid');
  });

  it('meets the faults of an outage', async () => {
    const tried = () => tryGit(['ls-remote', url('acme/handbook')], as('walter'));
    const push = () =>
      tryGit(['push', url('acme/handbook'), 'HEAD:mine'], { cwd: scratch.file('work'), ...as('walter') });

    await sim.control('PUT', '/faults', { down: 'destroy' });
    expect((await tried()).code).toBe(128);
    await sim.control('PUT', '/faults', { readOnly: true });
    expect((await tried()).code).toBe(0);
    expect((await push()).stderr).toContain('read-only mode');
    await sim.control('PUT', '/faults', { fail: [{ class: 'ssh', status: 503, times: 1 }] });
    expect((await tried()).stderr).toContain('The service is unavailable');
    await sim.control('PUT', '/faults', { truncate: [{ class: 'ssh', afterBytes: 100, times: 1 }] });
    expect((await tried()).code).toBe(128);
    expect((await tried()).code).toBe(0);
    await sim.control('DELETE', '/faults');
  });
});

const privateKey = (file: string): Promise<string> => readFile(file, 'utf8');

/** One login with this key and no other. */
function knock(url: string, key: ssh2.ParsedKey, username: string): Promise<'accepted' | 'refused'> {
  const { hostname, port } = new URL(url);
  const client = new ssh2.Client();
  return new Promise((resolve) => {
    const end = (outcome: 'accepted' | 'refused') => {
      resolve(outcome);
      client.end();
    };
    client.once('ready', () => end('accepted')).on('error', () => end('refused'));
    const authHandler = [{ type: 'publickey' as const, username, key: key as unknown as string }];
    client.connect({ host: hostname, port: Number(port), username, authHandler });
  });
}
