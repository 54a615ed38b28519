import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openTicketKey, readTicket } from '@antipode/lfs-wire';
import { callUnary } from '@antipode/rpc';
import { eventually } from '@antipode/testing';
import { KNOWLEDGE, type Knowledge } from '../src/objects/objects.js';
import { SelectedRepositories } from '../src/registry/selected-repositories.js';
import { openAction, SEALED_ACTION_HEADER } from '../src/uploads/sealed-action.js';
import { givenPrimary, query, type GivenPrimary } from './given-primary.js';
import { SECRET_KEY, type LfsObject, type OpenLfs } from './open-lfs.js';

const PATH = 'acme/storefront';
const OTHER = 'acme/checkout-api';
const BASE = 'http://mirror.example:7990';
const NOBODYS: LfsObject = { oid: 'f'.repeat(64), size: 7 };

let house: GivenPrimary;
let lfs: OpenLfs & { readonly env: Record<string, string> };
let made = 0;

beforeAll(async () => {
  house = await givenPrimary();
  lfs = await house.open();
}, 120_000);

afterEach(async () => {
  await house.sim.control.heal();
});

afterAll(async () => {
  await lfs[Symbol.asyncDispose]();
  await house[Symbol.asyncDispose]();
});

/** An object that only this repository has at the primary. */
async function anObject(path = PATH): Promise<LfsObject> {
  const [object] = await house.put(path, `a large file ${(made += 1)}`);
  return object as LfsObject;
}
const batches = async (): Promise<number> =>
  (await house.sim.control.counters()).lfs.batches.download.requests;
const ticketOf = (href: string) => readTicket(href.slice(BASE.length), openTicketKey(SECRET_KEY), Date.now());

describe('a batch of downloads', () => {
  it('leaves undecided what only the primary can tell, and asks it when it may', async () => {
    const object = await anObject();
    const asked = { path: PATH, objects: [object] };
    expect(await lfs.caller.batch(asked)).toEqual([{ object, undecided: true, actions: {} }]);
    const [answer] = await lfs.caller.batch({ ...asked, authorization: house.as('writer') });
    const { href = '', expiresInSeconds } = answer?.actions['download'] ?? {};
    expect(ticketOf(href)).toMatchObject({
      ...object,
      action: 'download',
      repositoryId: house.registry.idOf(PATH),
    });
    expect(expiresInSeconds).toBe(900);
  });

  it('answers what is proved and here without the primary', async () => {
    const object = await anObject();
    expect(await lfs.caller.fill(PATH, object)).toMatchObject({ missing: 0 });
    const before = await batches();
    const [answer] = await lfs.caller.batch({ path: PATH, objects: [object] });
    expect(ticketOf(answer?.actions['download']?.href ?? '')).toMatchObject(object);
    expect(await batches()).toBe(before);
  });

  it('tells what another repository has apart from what nobody has by nothing', async () => {
    const object = await anObject(OTHER);
    await lfs.caller.fill(OTHER, object);
    const asked = { path: PATH, objects: [object, NOBODYS] };
    const [theirs, nobodys] = await lfs.caller.batch(asked);
    expect({ ...theirs, object: NOBODYS }).toEqual(nobodys);
    const [told, toldNobodys] = await lfs.caller.batch({ ...asked, authorization: house.as('writer') });
    expect(told?.error?.code).toBe(404);
    expect({ ...told, object: NOBODYS }).toEqual(toldNobodys);
  });

  it('answers as many as were asked for, in their order, doubles as well', async () => {
    const [one, two] = [await anObject(), await anObject()];
    const objects = [two, one, NOBODYS, two, { ...one }];
    const answers = await lfs.caller.batch({ path: PATH, objects, authorization: '' });
    expect(answers.map(({ object }) => object?.oid)).toEqual(objects.map(({ oid }) => oid));
    expect(answers.map(({ error }) => error?.code)).toEqual([
      undefined,
      undefined,
      404,
      undefined,
      undefined,
    ]);
  });

  it('says 422 for another size than the bytes here have', async () => {
    const object = await anObject();
    await lfs.caller.fill(PATH, object);
    const [answer] = await lfs.caller.batch({ path: PATH, objects: [{ ...object, size: object.size + 1 }] });
    expect(answer?.error?.code).toBe(422);
  });

  it('of more than a hundred asks the primary by hundreds', async () => {
    const files = Array.from({ length: 250 }, (_, at) => `one of many ${at}`);
    const objects = await house.put(PATH, ...files);
    const before = await batches();
    const answers = await lfs.caller.batch({ path: PATH, objects, authorization: '' });
    expect(answers.filter(({ actions }) => actions['download'])).toHaveLength(250);
    expect((await batches()) - before).toBe(3);
  });

  it('halves what the primary finds too large', async () => {
    const objects = await house.put(PATH, ...Array.from({ length: 4 }, (_, at) => `halved ${at}`));
    await house.sim.control.faults({ lfs: [{ kind: 'refused', status: 413, times: 1 }] });
    const answers = await lfs.caller.batch({ path: PATH, objects, authorization: '' });
    expect(answers.every(({ actions }) => actions['download'])).toBe(true);
  });

  it('with the primary down says so of what is absent, and hands out what is here', async () => {
    const [here, absent] = [await anObject(), await anObject()];
    await lfs.caller.fill(PATH, here);
    await house.sim.control.faults({ lfs: [{ kind: 'refused', status: 503 }] });
    const [first, second] = await lfs.caller.batch({
      path: PATH,
      objects: [here, absent],
      authorization: house.as('writer'),
    });
    expect(first?.actions['download']).toBeDefined();
    expect(second?.error).toMatchObject({
      code: 503,
      message: expect.stringContaining('cannot be asked at the moment'),
    });
  });

  it.each([
    [401, 'unauthenticated'],
    [403, 'denied'],
    [404, 'not_found'],
    [501, 'unsupported'],
  ])('passes on the primary’s %i to the caller’s credential', async (status, code) => {
    const object = await anObject();
    await house.sim.control.faults({ lfs: [{ kind: 'refused', status }] });
    const asking = lfs.caller.batch({ path: PATH, objects: [object], authorization: house.as('writer') });
    await expect(asking).rejects.toMatchObject({ code });
  });

  it('passes on that the primary wants to be asked later, and when', async () => {
    const object = await anObject();
    await house.sim.control.faults({ lfs: [{ kind: 'refused', status: 429, retryAfterSeconds: 7 }] });
    const asking = lfs.caller.batch({ path: PATH, objects: [object], authorization: house.as('writer') });
    await expect(asking).rejects.toMatchObject({ code: 'primary_limited', context: { retryAfter: '7' } });
  });

  it.each([
    ['an id that is none', { repositoryId: 'x' }],
    ['no path', { repositoryPath: '' }],
    ['an oid that is none', { objects: [{ oid: '../../etc/passwd', size: 1 }] }],
  ])('refuses %s', async (_, nonsense) => {
    const request = {
      repositoryId: house.registry.idOf(PATH),
      repositoryPath: PATH,
      operation: 1,
      objects: [NOBODYS],
      ref: '',
      primary: undefined,
      ...nonsense,
    };
    const { client } = lfs.caller;
    await expect(
      new Promise((resolve, reject) =>
        client.batch(request, (error, told) => (error ? reject(error) : resolve(told))),
      ),
    ).rejects.toMatchObject({ code: 3 });
  });
});

describe('a repository whose path was another’s', () => {
  const isAt = (path: string): boolean =>
    lfs.part(SelectedRepositories).pathOf(house.registry.idOf(PATH)) === path;

  it('does not keep what that path has proved, and proves the rest anew', async () => {
    const [own, others] = [await anObject(), await anObject(OTHER)];
    await lfs.caller.fill(PATH, own);
    // Our table is behind: the primary has given the path to somebody else.
    house.registry.deselect(OTHER);
    house.registry.move(PATH, OTHER);
    await eventually(() => isAt(OTHER));
    const asked = { repositoryId: house.registry.idOf(PATH), repositoryPath: OTHER, operation: 1, ref: '' };
    const batch = (objects: LfsObject[], repositoryPath: string) =>
      callUnary(
        lfs.caller.client,
        'batch',
        { ...asked, repositoryPath, objects, primary: { authorization: '' } },
        { timeoutMs: 30_000 },
      );
    const [stolen] = (await batch([others], OTHER)).objects;
    expect(stolen?.actions['download']).toBeDefined();

    house.registry.move(PATH, PATH);
    house.registry.select(OTHER);
    await eventually(() => isAt(PATH));
    // It is asked about again: what is its own comes back, what is not does not.
    await eventually(
      async () => (await lfs.caller.batch({ path: PATH, objects: [own] }))[0]?.actions['download'],
    );
    const [answer] = await lfs.caller.batch({ path: PATH, objects: [others], authorization: '' });
    expect(answer).toMatchObject({ error: { code: 404 } });
    await expect(batch([own], OTHER)).rejects.toMatchObject({ code: 'service_unavailable' });
  });

  it('has an upload of before proved by the primary', async () => {
    const object: LfsObject = { oid: 'c'.repeat(64), size: 5 };
    await lfs.part<Knowledge>(KNOWLEDGE).proved(house.registry.idOf(PATH), object);
    await lfs.caller.follow(PATH);
    const rows = await query(
      lfs.env['DATABASE_URL'] ?? '',
      `SELECT 1 FROM belonging WHERE oid = '${object.oid}'`,
    );
    expect(rows).toEqual([]);
  });
});

describe('a batch of uploads', () => {
  const fresh = (): LfsObject => ({ oid: (made += 1).toString(16).padStart(64, '0'), size: 12 });

  it('goes through us, with the primary’s own links sealed', async () => {
    const object = fresh();
    const [answer] = await lfs.caller.batch({
      path: PATH,
      objects: [object],
      operation: 'upload',
      ref: 'refs/heads/main',
      authorization: house.as('writer'),
    });
    expect(Object.keys(answer?.actions ?? {})).toEqual(expect.arrayContaining(['upload']));
    for (const [kind, { href, header, expiresInSeconds }] of Object.entries(answer?.actions ?? {})) {
      expect(ticketOf(href)).toMatchObject({ ...object, action: kind });
      expect(expiresInSeconds).toBeGreaterThan(0);
      const bound = { kind: kind as 'upload', repositoryId: house.registry.idOf(PATH), ...object };
      const theirs = openAction(header[SEALED_ACTION_HEADER], SECRET_KEY, bound);
      expect(theirs.href).not.toContain('mirror.example');
      expect(JSON.stringify(answer)).not.toContain(theirs.href);
    }
  });

  it('has nothing to do for what the primary has', async () => {
    const object = await anObject();
    const asked = { path: PATH, objects: [object], operation: 'upload' as const };
    const answers = await lfs.caller.batch({ ...asked, authorization: house.as('writer') });
    expect(answers).toEqual([{ object, undecided: false, actions: {} }]);
  });

  it('needs the caller’s own credential, and says how to have one', async () => {
    const asked = { path: PATH, objects: [fresh()], operation: 'upload' as const };
    for (const authorization of [{}, { authorization: '' }])
      await expect(lfs.caller.batch({ ...asked, ...authorization })).rejects.toMatchObject({
        code: 'not_connected',
        hint: expect.stringContaining('link your account'),
      });
  });

  it('is the primary’s to refuse', async () => {
    const asked = { path: PATH, objects: [fresh()], operation: 'upload' as const };
    await expect(
      lfs.caller.batch({ ...asked, authorization: 'Basic bm9ib2R5Om5vYm9keQ==' }),
    ).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

it('logs no link and no credential', async () => {
  const object = await anObject();
  await lfs.caller.batch({ path: PATH, objects: [object], authorization: house.as('writer') });
  const secrets = ['ticket=', house.as('writer').slice(6), house.registry.authorization.slice(6)];
  for (const secret of secrets) expect(lfs.log()).not.toContain(secret);
});
