import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { openTicketKey, writeTicket, type Ticket } from '@antipode/lfs-wire';
import type { GitCredential, Role } from '@antipode/testing';
import { askBatch, freshPath, objectOf, oidOf, untilFilled } from '../src/large-files.js';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { basic } from '../src/raw-request.js';
import { untilEqual } from '../src/same-as-primary.js';

/** What is worth stealing, and what anybody may read. */
const SECRET = 'the plans of the next product';
const OPEN = 'a picture for everybody';

let here: Neighbourhood;
let vault: string;
let square: string;

beforeAll(async () => {
  here = await sharedHouse('calm');
  vault = freshPath(here, 'vault');
  square = freshPath(here, 'square');
  await here.sim.create(vault, 'WEB');
  await here.sim.create(square, 'PUB', 'public');
  await here.mirror.untilSynced(vault);
  await here.mirror.untilSynced(square);
  await here.sim.lfs.commit(vault, { 'plans.bin': SECRET }, { branch: 'main' });
  await here.sim.lfs.commit(square, { 'open.bin': OPEN }, { branch: 'main' });
  await untilEqual(here, vault);
  await untilEqual(here, square);
  await untilFilled(here, vault, 1);
  await untilFilled(here, square, 1);
}, 240_000);

const batch = (
  path: string,
  who: GitCredential | undefined,
  objects: readonly { oid: string; size: number }[],
  operation: 'download' | 'upload' = 'download',
): ReturnType<typeof askBatch> => askBatch(here, path, who, objects, operation);

const object = objectOf;
const as = (role: Role): GitCredential => here.house.credential(role);

async function linkTo(path: string, text: string, role: Role = 'reader'): Promise<string> {
  const { objects } = await batch(path, as(role), [object(text)]);
  const href = objects[0]?.actions?.['download']?.href;
  if (href === undefined) throw new Error(`no link: ${JSON.stringify(objects)}`);
  return href;
}

describe('who may not read a repository', () => {
  it('gets no link to its large files, and the same words as for one that is not there', async () => {
    const said = async (path: string, role?: Role): Promise<string> => {
      const answer = await fetch(`${here.house.url(path)}/info/lfs/objects/batch`, {
        method: 'POST',
        headers: {
          'content-type': 'application/vnd.git-lfs+json',
          accept: 'application/vnd.git-lfs+json',
          ...(role ? { authorization: basic(as(role).username, as(role).password) } : {}),
        },
        body: JSON.stringify({ operation: 'download', objects: [object(SECRET)] }),
      });
      const body = (await answer.text()).replace(/"request_id":"[^"]*"/, '').replaceAll(path, 'PATH');
      return `${answer.status} ${body}`;
    };
    for (const who of ['stranger', undefined] as const) {
      const refused = await said(vault, who);
      expect(refused).toMatch(who ? /^404 / : /^401 /);
      expect(refused).not.toContain('href');
      expect(await said(`${here.house.workspace}/no-such`, who)).toBe(refused);
    }
  });
});

describe('a thief who knows the oid', () => {
  const nobodys = { oid: oidOf('nobody has this'), size: SECRET.length };

  it.each(['stranger', 'reader', undefined] as const)(
    'as %s, does not get it by way of another repository',
    async (who) => {
      const { status, objects } = await batch(square, who && as(who), [
        object(OPEN),
        object(SECRET),
        nobodys,
      ]);
      expect(status).toBe(200);
      const [open, stolen, missing] = objects;
      expect(open?.actions?.['download']).toBeDefined();
      expect(stolen?.actions).toBeUndefined();
      expect(stolen?.error).toEqual(missing?.error);
      expect(stolen?.error?.code).toBe(404);
    },
  );

  it('does not get it by pushing a pointer to it, though the bytes are on this disk', async () => {
    const { oid, size } = object(SECRET);
    await here.sim.lfs.commit(square, { 'stolen.bin': { oid, size } }, { branch: 'main' });
    await untilEqual(here, square);
    const { objects } = await batch(square, as('writer'), [object(SECRET)]);
    expect(objects[0]?.actions).toBeUndefined();
    expect(objects[0]?.error?.code).toBe(404);
    expect((await here.mirror.repository(square)).lfs.objects).toBe(1);
  });

  it('does not get it by saying that it would upload it', async () => {
    await batch(square, as('writer'), [object(SECRET)], 'upload');
    const { objects } = await batch(square, as('writer'), [object(SECRET)]);
    expect(objects[0]?.actions).toBeUndefined();
  });
});

describe('a ticket', () => {
  const get = (href: string, init: RequestInit = {}): Promise<Response> => fetch(href, init);

  it('opens one object, without any other credential, whole and in parts', async () => {
    const href = await linkTo(vault, SECRET);
    expect(href.startsWith(here.house.demo.mirror.url)).toBe(true);
    const whole = await get(href);
    expect([whole.status, await whole.text()]).toEqual([200, SECRET]);
    const part = await get(href, { headers: { range: 'bytes=4-8' } });
    expect([part.status, await part.text()]).toEqual([206, SECRET.slice(4, 9)]);
    expect(part.headers.get('content-range')).toBe(`bytes 4-8/${SECRET.length}`);
    const beyond = await get(href, { headers: { range: `bytes=${SECRET.length}-` } });
    expect(beyond.status).toBe(416);
    const head = await get(href, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, `${SECRET.length}`]);
  });

  it('opens nothing where it was changed in any way', async () => {
    const href = await linkTo(square, OPEN);
    const { id } = await here.mirror.repository(vault);
    const { id: own } = await here.mirror.repository(square);
    const signature = /ticket=([^&]+)/.exec(href)?.[1] ?? '';
    const changed = [
      href.replace(oidOf(OPEN), oidOf(SECRET)),
      href.replace(oidOf(OPEN), oidOf(SECRET)).replace(`size=${OPEN.length}`, `size=${SECRET.length}`),
      href.replace(own, id),
      href.replace('/download/', '/upload/'),
      href.replace(`size=${OPEN.length}`, 'size=1'),
      href.replace(/expires=(\d+)/, (_, time: string) => `expires=${Number(time) + 1000}`),
      href.replace(signature, signature.split('').reverse().join('')),
      href.replace(/&ticket=.*/, ''),
      `${href}&size=${SECRET.length}`,
    ];
    for (const link of changed) {
      expect(link).not.toBe(href);
      const answer = await get(link);
      expect({ link, isRefused: answer.status >= 400 && answer.status < 500 }).toMatchObject({
        isRefused: true,
      });
      expect(await answer.text()).not.toContain(OPEN);
    }
    expect((await get(href)).status).toBe(200);
    expect((await get(href, { method: 'PUT', body: 'x' })).status).toBeGreaterThanOrEqual(400);
  });

  it('opens nothing when its time is over, or when its repository is not mirrored', async () => {
    const secret = (await readFile(join(here.house.data, 'secrets/secret-key'), 'utf8')).trim();
    const key = openTicketKey(secret);
    const { id } = await here.mirror.repository(vault);
    const good: Ticket = {
      action: 'download',
      repositoryId: id,
      ...object(SECRET),
      expiresAt: Math.floor(Date.now() / 1000) + 60,
    };
    const open = (ticket: Ticket): Promise<Response> =>
      get(`${here.house.demo.mirror.url}${writeTicket(ticket, key)}`);
    expect((await open(good)).status).toBe(200);
    expect((await open({ ...good, expiresAt: good.expiresAt - 120 })).status).toBe(403);
    const elsewhere = { ...good, repositoryId: '00000000-0000-4000-8000-000000000000' };
    expect((await open(elsewhere)).status).toBe(404);
  });
});

it('leaves no secret of large files in a log', async () => {
  const href = await linkTo(vault, SECRET);
  await fetch(href);
  const ticket = /ticket=([^&]+)/.exec(href)?.[1] ?? '';
  const { password } = as('reader');
  for (const service of ['edge', 'auth', 'registry', 'sync', 'lfs']) {
    const log = await here.house.log(service);
    const tells = [ticket, password, SECRET].some((secret) => log.includes(secret));
    expect({ service, tells }).toEqual({ service, tells: false });
  }
});
