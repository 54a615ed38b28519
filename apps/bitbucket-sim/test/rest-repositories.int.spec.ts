import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { git } from '@antipode/testing';
import { SimUnderTest } from './open-sim.js';

describe('repositories over REST', () => {
  let sim: SimUnderTest;
  beforeAll(async () => {
    sim = await SimUnderTest.open();
    await sim.control('PATCH', '/settings', { limits: { anonymous: null } });
  });
  afterAll(() => sim[Symbol.asyncDispose]());

  const slugs = async (path: string, as?: string): Promise<string[]> => {
    const answer = await sim.get(path, as);
    return (answer.json.values ?? [answer.text]).map((one: { slug: string }) => one.slug);
  };
  /** Follows `next` to the end. */
  const everything = async (path: string, as: string): Promise<string[]> => {
    const found: string[] = [];
    for (let next: string | undefined = path; next !== undefined;) {
      const { json } = await sim.get(next, as);
      found.push(...json.values.map((one: { slug: string }) => one.slug));
      next = json.next;
    }
    return found;
  };
  const q = (text: string) => `q=${encodeURIComponent(text)}`;

  it('are listed to each as they may see them', async () => {
    expect(await slugs('/repositories/acme', 'olivia')).toHaveLength(7);
    expect((await slugs('/repositories/acme', 'rita')).sort()).toEqual([
      'checkout-api',
      'design-system',
      'handbook',
      'playground',
      'storefront',
    ]);
    expect(await slugs('/repositories/acme', 'sven')).toEqual(['handbook']);
    expect(await slugs('/repositories/acme')).toEqual(['handbook']);
    expect((await sim.get('/repositories/nobody', 'olivia')).status).toBe(404);
  });

  it('are listed by role, inherited or not, without public ones that were not granted', async () => {
    expect(await slugs('/repositories/acme?role=admin', 'walter')).toEqual([]);
    expect(await slugs('/repositories/acme?role=contributor', 'walter')).toHaveLength(7);
    expect(await slugs('/repositories/acme?role=contributor', 'rita')).toEqual([]);
    expect(await slugs('/repositories/acme?role=member', 'rita')).toHaveLength(4);
    expect(await slugs('/repositories/acme?role=member', 'sven')).toEqual([]);
    expect(await slugs('/repositories/acme?role=owner', 'olivia')).toHaveLength(7);
  });

  it('page by number with a size, and by token without, to the same end', async () => {
    const numbered = (await sim.get('/repositories/acme?pagelen=3', 'olivia')).json;
    const tokens = (await sim.get('/repositories/acme?role=member&pagelen=3', 'olivia')).json;

    expect(numbered).toMatchObject({ size: 7, page: 1, pagelen: 3 });
    expect(Object.keys(tokens).sort()).toEqual(['next', 'pagelen', 'values']);
    const all = await everything('/repositories/acme?pagelen=3', 'olivia');
    expect(all).toHaveLength(7);
    expect(await everything('/repositories/acme?role=member&pagelen=2', 'olivia')).toEqual(all);
    expect((await sim.get('/repositories/acme?pagelen=3&page=3', 'olivia')).json).not.toHaveProperty('next');
  });

  it.each([
    'pagelen=0',
    'pagelen=101',
    'pagelen=x',
    'page=0',
    'sort=nonsense',
    'role=boss',
    'q=name',
    'q=links.self%3D%22x%22',
    'role=member&after=%25',
  ])('refuse ?%s with 400', async (query) => {
    expect((await sim.get(`/repositories/acme?${query}`, 'olivia')).status).toBe(400);
  });

  it('say what was wrong with pagelen', async () => {
    expect((await sim.get('/repositories/acme?pagelen=1000', 'olivia')).json).toEqual({
      type: 'error',
      error: { message: 'Invalid pagelen' },
    });
  });

  it('are filtered and sorted', async () => {
    expect(await slugs(`/repositories/acme?${q('project.key="DATA" AND name ~ "PIPE"')}`, 'olivia')).toEqual([
      'pipelines',
    ]);
    expect(
      await slugs(
        `/repositories/acme?${q('is_private = false OR slug IN ("storefront")')}&sort=slug`,
        'olivia',
      ),
    ).toEqual(['handbook', 'storefront']);
    const ordered = await slugs('/repositories/acme?sort=-updated_on', 'olivia');
    expect(ordered).toEqual([...(await slugs('/repositories/acme?sort=updated_on', 'olivia'))].reverse());
    await sim.control('POST', '/repositories/acme/design-system/commit', { files: { x: '1' } });
    expect((await slugs('/repositories/acme?sort=-updated_on', 'olivia'))[0]).toBe('design-system');
    expect(await slugs(`/repositories/acme?${q('updated_on > 2025-01-01')}`, 'olivia')).toEqual([
      'design-system',
    ]);
  });

  it('show only the fields that were asked for', async () => {
    const { json } = await sim.get(
      '/repositories/acme?role=member&pagelen=2&fields=next,values.uuid,values.project.key',
      'olivia',
    );
    const without = (await sim.get('/repositories/acme/storefront?fields=-links,-owner', 'olivia')).json;
    const wild = (
      await sim.get(`/repositories/acme/storefront?fields=-*,${encodeURIComponent('+slug')}`, 'olivia')
    ).json;

    expect(Object.keys(json).sort()).toEqual(['next', 'values']);
    expect(Object.keys(json.values[0]).sort()).toEqual(['project', 'uuid']);
    expect(json.values[0].project).toEqual({ key: 'WEB' });
    expect(without).toHaveProperty('full_name');
    expect(without).not.toHaveProperty('links');
    expect(wild).toEqual({ slug: 'storefront' });
  });

  it('have the shape of the real thing', async () => {
    const { json } = await sim.get('/repositories/acme/storefront', 'walter');

    expect(json).toMatchObject({
      type: 'repository', slug: 'storefront', full_name: 'acme/storefront', scm: 'git', is_private: true, parent: null,
      mainbranch: { type: 'branch', name: 'main' }, owner: { type: 'team', username: 'acme' }, workspace: { type: 'workspace', slug: 'acme' },
      project: { type: 'project', key: 'WEB' }, override_settings: { default_merge_strategy: false, branching_model: false },
    }); // prettier-ignore
    expect(json.uuid).toMatch(/^\{[0-9a-f-]{36}\}$/);
    expect(json.updated_on).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
    expect(json.links.clone[0].href).toBe(`http://walter@${new URL(sim.url).host}/acme/storefront.git`);
    expect(json.links.clone[1].href).toBe('git@bitbucket.org:acme/storefront.git');
    expect((await sim.get('/repositories/acme/storefront', 'mirror')).json.links.clone[0].href).not.toContain(
      '@',
    );
    expect((await sim.get('/repositories/acme/playground', 'walter')).json.mainbranch).toBeNull();
  });

  it('answer to their uuid, in any workspace', async () => {
    const { uuid } = (await sim.get('/repositories/acme/storefront', 'walter')).json;
    const id = encodeURIComponent(uuid);

    for (const path of [`acme/${id}`, `%7B%7D/${id}`])
      expect((await sim.get(`/repositories/${path}`, 'walter')).json.slug).toBe('storefront');
    expect((await sim.get(`/repositories/%7B%7D/storefront`, 'walter')).status).toBe(404);
  });

  it('answer 304 to whom has them already', async () => {
    const first = await sim.get('/repositories/acme?role=member', 'mirror');
    const etag = String(first.headers.get('etag'));
    const again = () =>
      sim.rest('GET', '/repositories/acme?role=member', { as: 'mirror', headers: { 'if-none-match': etag } });

    expect(etag).toMatch(/^"[0-9a-f]+"$/);
    const same = await again();
    expect([same.status, same.text]).toEqual([304, '']);
    await sim.control('POST', '/repositories/acme/storefront/commit', { files: { x: '1' } });
    expect((await again()).status).toBe(200);
  });

  it('are renamed to a new slug with its Location, and the old one is gone', async () => {
    const made = await sim.rest('POST', '/repositories/acme/before', {
      as: 'olivia',
      body: { scm: 'git', project: { key: 'DATA' } },
    });
    const renamed = await sim.rest('PUT', '/repositories/acme/before', {
      as: 'olivia',
      body: { name: 'Much Later' },
    });

    expect([made.status, renamed.status]).toEqual([200, 200]);
    expect(renamed.headers.get('location')).toBe(`${sim.url}/2.0/repositories/acme/much-later`);
    expect(renamed.json.uuid).toBe(made.json.uuid);
    expect((await sim.get('/repositories/acme/before', 'olivia')).status).toBe(404);
    expect(await git(['ls-remote', sim.repository('acme/much-later')], { as: sim.git('olivia') })).toBe('');
    const clash = await sim.rest('PUT', '/repositories/acme/much-later', {
      as: 'olivia',
      body: { name: 'storefront' },
    });
    expect(clash.json.error.fields.name).toEqual(['Repository with this Slug and Owner already exists.']);
  });

  it('move between projects, change their privacy and go away', async () => {
    const put = (body: object) => sim.rest('PUT', '/repositories/acme/mover', { as: 'olivia', body });
    await sim.rest('POST', '/repositories/acme/mover', { as: 'olivia', body: { project: { key: 'WEB' } } });

    expect((await put({ is_private: false })).status).toBe(400);
    expect((await put({ project: { key: 'PUB' }, is_private: false })).json).toMatchObject({
      is_private: false,
      project: { key: 'PUB' },
    });
    expect((await put({ project: { key: 'WEB' } })).status).toBe(400);
    expect((await sim.get('/repositories/acme/mover')).status).toBe(200);
    expect((await sim.rest('DELETE', '/repositories/acme/mover', { as: 'walter' })).status).toBe(403);
    expect((await sim.rest('DELETE', '/repositories/acme/mover', { as: 'olivia' })).status).toBe(204);
    expect((await sim.get('/repositories/acme/mover', 'olivia')).status).toBe(404);
  });

  it('are forked with their history and their parent', async () => {
    const made = await sim.rest('POST', '/repositories/acme/handbook/forks', {
      as: 'walter',
      body: { name: 'My Handbook', project: { key: 'WEB' } },
    });
    expect(made.status).toBe(403);
    const fork = await sim.rest('POST', '/repositories/acme/handbook/forks', {
      as: 'olivia',
      body: { name: 'My Handbook', project: { key: 'WEB' } },
    });

    expect(fork.status).toBe(201);
    expect(fork.json).toMatchObject({
      slug: 'my-handbook',
      parent: { full_name: 'acme/handbook' },
      mainbranch: { name: 'main' },
    });
    expect(await slugs('/repositories/acme/handbook/forks', 'olivia')).toEqual(['my-handbook']);
    const refs = (path: string) => git(['ls-remote', sim.repository(path)], { as: sim.git('olivia') });
    expect(await refs('acme/my-handbook')).toBe(await refs('acme/handbook'));
  });

  it('list their refs, lexically or naturally', async () => {
    await sim.control('POST', '/repositories/acme/checkout-api/refs', {
      refs: { 'refs/tags/v9': 'main', 'refs/tags/v10': 'main~1', 'refs/tags/v2': 'main~2' },
    });
    const names = async (query: string) =>
      (await sim.get(`/repositories/acme/checkout-api/refs/tags?${query}`, 'rita')).json.values.map(
        (one: { name: string }) => one.name,
      );

    expect(await names(`${q('name ~ "v"')}&pagelen=100`)).toEqual(['v1.0.0', 'v1.1.0', 'v10', 'v2', 'v9']);
    expect(await names('q=name%3D%22v10%22')).toEqual(['v10']);
    expect((await names('sort=name')).slice(-3)).toEqual(['v2', 'v9', 'v10']);
  });

  it('show branches and tags in full', async () => {
    const branch = (await sim.get('/repositories/acme/storefront/refs/branches/feature%2Fcheckout', 'rita'))
      .json;
    const heavy = (await sim.get('/repositories/acme/storefront/refs/tags/v1.0.0', 'rita')).json;
    const light = (await sim.get('/repositories/acme/storefront/refs/tags/nightly', 'rita')).json;

    expect(branch).toMatchObject({
      type: 'branch',
      name: 'feature/checkout',
      default_merge_strategy: 'merge_commit',
      target: { type: 'commit', repository: { full_name: 'acme/storefront' } },
    });
    expect(branch.target.hash).toMatch(/^[0-9a-f]{40}$/);
    expect(branch.target.author.raw).toMatch(/<.*@example\.com>$/);
    expect(heavy).toMatchObject({
      type: 'tag',
      message: 'Release v1.0.0\n',
      tagger: { raw: 'Olivia Owner <olivia@example.com>', user: { nickname: 'olivia' } },
    });
    expect(light).toMatchObject({ message: null, date: null, tagger: null });
    expect((await sim.get('/repositories/acme/storefront/refs/branches/none', 'rita')).status).toBe(404);
    expect(
      (await sim.get('/repositories/acme/storefront/refs?pagelen=100', 'rita')).json.values,
    ).toHaveLength(9);
  });

  it('make and delete branches', async () => {
    const body = { name: 'made/here', target: { hash: 'main~3' } };
    const path = '/repositories/acme/checkout-api/refs/branches';
    expect((await sim.rest('POST', path, { as: 'rita', body })).status).toBe(403);
    const made = await sim.rest('POST', path, { as: 'walter', body });

    expect(made.status).toBe(201);
    expect(made.json.name).toBe('made/here');
    expect((await sim.rest('POST', path, { as: 'walter', body })).status).toBe(400);
    expect((await sim.rest('POST', path, { as: 'walter', body: { ...body, name: '../x' } })).status).toBe(
      400,
    );
    expect((await sim.rest('DELETE', `${path}/made%2Fhere`, { as: 'walter' })).status).toBe(204);
    expect((await sim.rest('DELETE', `${path}/main`, { as: 'walter' })).status).toBe(400);
  });

  it('iterate over their commits by an opaque token', async () => {
    const hashes: string[] = [];
    for (
      let next: string | undefined = '/repositories/acme/checkout-api/commits/main?pagelen=50';
      next !== undefined;
    ) {
      const { json } = await sim.get(next, 'rita');
      expect(
        Object.keys(json)
          .filter((key) => key !== 'next')
          .sort(),
      ).toEqual(['pagelen', 'values']);
      hashes.push(...json.values.map((one: { hash: string }) => one.hash));
      next = json.next;
    }
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashes.length).toBeGreaterThanOrEqual(90);
    const one = await sim.get(`/repositories/acme/checkout-api/commit/${hashes[0]}`, 'rita');
    expect(one.json.hash).toBe(hashes[0]);
    const excluded = await sim.get(
      `/repositories/acme/checkout-api/commits?include=main&exclude=main~2`,
      'rita',
    );
    expect(excluded.json.values.length).toBeLessThan(5);
    expect((await sim.get('/repositories/acme/checkout-api/commits/--all', 'rita')).status).toBe(404);
    expect((await sim.get('/repositories/acme/playground/commits', 'rita')).json.values).toEqual([]);
  });
});
