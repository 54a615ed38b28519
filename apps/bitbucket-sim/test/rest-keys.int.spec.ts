import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeSshKey, openScratch, runCommand, type Scratch } from '@antipode/testing';
import { SimUnderTest } from './open-sim.js';

describe('keys by REST', () => {
  let sim: SimUnderTest;
  let scratch: Scratch;
  let made = 0;

  beforeAll(async () => {
    sim = await SimUnderTest.open();
    scratch = await openScratch();
  });
  afterAll(async () => {
    await sim[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  const newKey = () => makeSshKey(scratch.path, `key-${(made += 1)}`);
  const keysOf = (name: string): string => `/users/${encodeURIComponent(sim.user(name).uuid)}/ssh-keys`;
  const scoped = async (user: string, ...scopes: string[]) => {
    const words = scopes.map((scope) => `${scope}:bitbucket`);
    const { secret } = await sim.control('POST', '/tokens', { kind: 'api', user, scopes: words });
    return { authorization: `Basic ${Buffer.from(`${user}@example.com:${secret}`).toString('base64')}` };
  };

  it('takes, shows and forgets a key of the caller', async () => {
    const { path, publicKey } = await newKey();
    const body = { key: publicKey, label: 'laptop' };
    const added = await sim.rest('POST', `${keysOf('olivia')}?expires_on=2099-01-01T00:00:00Z`, {
      as: 'olivia',
      body,
    });
    const { output } = await runCommand('ssh-keygen', ['-lf', `${path}.pub`]);
    const byAccountId = await sim.get(`/users/${sim.user('olivia').accountId}/ssh-keys`, 'olivia');
    const one = await sim.get(`${keysOf('olivia')}/${added.json.uuid.slice(1, -1)}`, 'olivia');
    const gone = await sim.rest('DELETE', `${keysOf('olivia')}/${encodeURIComponent(added.json.uuid)}`, {
      as: 'olivia',
    });

    expect([added.status, one.status, gone.status]).toEqual([201, 200, 204]);
    expect(added.headers.get('location')).toBe(added.json.links.self.href);
    expect(added.json).toMatchObject({
      type: 'ssh_key',
      key: publicKey.split(' ').slice(0, 2).join(' '),
      comment: publicKey.split(' ')[2],
      label: 'laptop',
      expires_on: '2099-01-01T00:00:00Z',
      last_used: null,
      owner: { uuid: sim.user('olivia').uuid },
    });
    expect(output).toContain(`SHA256:${added.json.fingerprint} `);
    expect(byAccountId.json.values).toEqual([added.json]);
    expect((await sim.get(keysOf('olivia'), 'olivia')).json.values).toEqual([]);
  });

  it("hides everybody else's keys, and needs the scopes", async () => {
    const { publicKey } = await newKey();
    const body = { key: publicKey };
    const others = await sim.get(keysOf('walter'), 'olivia');
    const readOnly = await scoped('walter', 'read:ssh-key');
    const lacksWrite = await sim.rest('POST', keysOf('walter'), { headers: readOnly, body });
    const byToken = await sim.get(keysOf('walter'), 'mirror');
    const unknown = await sim.get('/users/walter/ssh-keys', 'olivia');

    expect([others.status, lacksWrite.status, byToken.status, unknown.status]).toEqual([403, 403, 403, 404]);
    expect(lacksWrite.json.error.detail.required).toContain('write:ssh-key:bitbucket');
  });

  it('takes no key twice, and no nonsense', async () => {
    const { publicKey } = await newKey();
    const add = (user: string, key: string, headers = {}) =>
      sim.rest('POST', keysOf(user), { body: { key }, headers });
    const walter = await scoped('walter', 'read:ssh-key', 'write:ssh-key');
    const rita = await scoped('rita', 'read:ssh-key', 'write:ssh-key');

    expect((await add('walter', publicKey, walter)).status).toBe(201);
    const twice = await add('rita', publicKey, rita);
    expect([twice.status, twice.json.error.message]).toEqual([
      400,
      'Someone has already registered that SSH key.',
    ]);
    expect((await add('rita', 'ssh-ed25519 AAAAnonsense', rita)).status).toBe(400);
    expect((await add('rita', '', rita)).status).toBe(400);
  });

  describe.each([
    ['repository', '/repositories/acme/storefront', 'deploy_key'],
    ['project', '/workspaces/acme/projects/WEB', 'project_deploy_key'],
  ])('of a %s', (kind, subject, type) => {
    const path = `${subject}/deploy-keys`;

    it('are written and listed by its administrators', async () => {
      const { publicKey } = await newKey();
      const added = await sim.rest('POST', path, { as: 'olivia', body: { key: publicKey, label: 'CI' } });
      const listed = await sim.get(path, 'olivia');
      const one = await sim.get(`${path}/${added.json.id}`, 'olivia');

      expect(added.status).toBe(200);
      expect(added.json).toMatchObject({ type, id: expect.any(Number), label: 'CI', last_used: null });
      expect(added.json).not.toHaveProperty('fingerprint');
      expect(added.json).toHaveProperty(kind);
      expect(listed.json.values).toEqual([added.json]);
      expect(one.json).toEqual(added.json);
      expect((await sim.rest('DELETE', `${path}/${added.json.id}`, { as: 'olivia' })).status).toBe(204);
      expect((await sim.get(`${path}/${added.json.id}`, 'olivia')).status).toBe(404);
    });

    it("are listed by the mirror's own token, and by no writer", async () => {
      const writer = await scoped('walter', 'admin:repository', 'admin:project');

      expect((await sim.get(path, 'mirror')).status).toBe(200);
      expect((await sim.rest('GET', path, { headers: writer })).status).toBe(403);
      expect((await sim.get(path, 'walter')).status).toBe(403);
    });
  });

  it('of a repository cannot be written by an access token', async () => {
    const { publicKey } = await newKey();
    const body = { key: publicKey };

    expect(
      (await sim.rest('POST', '/repositories/acme/storefront/deploy-keys', { as: 'mirror', body })).status,
    ).toBe(403);
  });
});
