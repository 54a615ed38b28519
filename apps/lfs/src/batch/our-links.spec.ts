import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { openTicketKey, readTicket } from '@antipode/lfs-wire';
import { createLogger } from '@antipode/service-kit';
import { readConfig } from '../config.js';
import { storeName } from '../knowledge/store-name.js';
import { openAction, SEALED_ACTION_HEADER } from '../uploads/sealed-action.js';
import { OurLinks } from './our-links.js';

const SECRET_KEY = 'ab'.repeat(32);
const ID = '12345678-1234-4234-8234-123456789abc';
const object = { oid: 'a'.repeat(64), size: 12 };
const logger = createLogger({ service: 'lfs', node: 'test', level: 'fatal' });

const configOf = (env: Readonly<Record<string, string>> = {}) =>
  readConfig({
    SECRET_KEY,
    ANTIPODE_DATA: '/nowhere',
    DATABASE_URL: 'postgresql://127.0.0.1/x',
    PUBLIC_URL: 'https://mirror.example/',
    ...env,
  });
/** What the store is asked for the size of, and what is said to be lost. */
const sizeOf = jest.fn<(oid: string) => Promise<number | undefined>>();
const lost = jest.fn<(oid: string) => Promise<void>>();
const links = (env: Readonly<Record<string, string>> = {}, presign?: () => Promise<string>): OurLinks =>
  new OurLinks(configOf(env), { ...(presign && { presign }), sizeOf }, { lost }, logger);
beforeEach(() => {
  sizeOf.mockReset().mockResolvedValue(object.size);
  lost.mockReset().mockResolvedValue();
});
const ticketOf = (href: string) =>
  readTicket(href.slice('https://mirror.example'.length), openTicketKey(SECRET_KEY), Date.now());
const lifeOf = (href: string): number => ticketOf(href).expiresAt - Date.now() / 1000;

describe('a link to what is kept', () => {
  const presign = () => Promise.resolve('https://bucket.example/signed');

  it('is ours where the store has none', async () => {
    const { href, expiresInSeconds } = await links({ TICKET_SECONDS: '60' }).kept(ID, object);
    expect(ticketOf(href)).toMatchObject({ ...object, action: 'download', repositoryId: ID });
    expect(expiresInSeconds).toBe(60);
  });

  it('is the bucket’s where clients can reach it', async () => {
    const endpoint = { LFS_S3_ENDPOINT: 'http://minio:9000' };
    expect((await links({}, presign).kept(ID, object)).href).toBe('https://bucket.example/signed');
    expect((await links(endpoint, presign).kept(ID, object)).href).toMatch(/^https:\/\/mirror/);
    const open = { ...endpoint, LFS_S3_PUBLIC_ENDPOINT: 'https://s3.example' };
    expect((await links(open, presign).kept(ID, object)).href).toBe('https://bucket.example/signed');
  });

  it('is ours where the bucket has lost the object, which is brought again', async () => {
    sizeOf.mockResolvedValue(undefined);
    expect((await links({}, presign).kept(ID, object)).href).toMatch(/^https:\/\/mirror/);
    expect(lost.mock.calls).toEqual([[object.oid]]);
  });

  it('is given without a look each time', async () => {
    const ours = links({}, presign);
    for (let asked = 0; asked < 3; asked += 1) await ours.kept(ID, object);
    expect(sizeOf).toHaveBeenCalledTimes(1);
    expect(lost).not.toHaveBeenCalled();
  });

  it('is ours where the bucket cannot sign', async () => {
    const failing = jest.fn(() => Promise.reject<string>(new Error('no credentials')));
    expect((await links({}, failing).kept(ID, object)).href).toMatch(/^https:\/\/mirror/);
    expect(failing).toHaveBeenCalled();
  });
});

describe('a link in place of the primary’s', () => {
  const theirs = { href: 'https://media.example/%7Ex', header: { Authorization: 'their own' } };
  const bound = { kind: 'upload' as const, repositoryId: ID, ...object };

  it('carries the primary’s along, and is not good for longer', () => {
    const { href, header, expiresInSeconds } = links().relay('upload', ID, object, {
      ...theirs,
      expires_in: 30,
    });
    expect(lifeOf(href)).toBeLessThanOrEqual(30);
    expect(expiresInSeconds).toBe(30);
    expect(openAction(header[SEALED_ACTION_HEADER], SECRET_KEY, bound)).toEqual(theirs);
    expect(JSON.stringify(header)).not.toContain('their own');
  });

  it('to tell that an upload has ended outlives long uploads', () => {
    expect(links().relay('verify', ID, object, theirs).expiresInSeconds).toBeGreaterThan(3600);
  });

  it('stays the primary’s where that is too long to be carried', () => {
    const long = { href: `https://media.example/?${'x'.repeat(10_000)}`, header: { A: 'b' } };
    expect(links().relay('upload', ID, object, long)).toMatchObject(long);
  });
});

it('shares rows between nodes that share a bucket, and between no others', () => {
  const s3 = { LFS_STORE: 's3', LFS_S3_BUCKET: 'large-files' };
  const nameOf = (env: Readonly<Record<string, string>>) => storeName(configOf(env));
  expect(nameOf({ ...s3, ANTIPODE_NODE: 'syd-1' })).toBe(nameOf({ ...s3, ANTIPODE_NODE: 'syd-2' }));
  expect(nameOf({ ...s3, LFS_S3_PREFIX: 'a/' })).not.toBe(nameOf(s3));
  expect(nameOf({ ANTIPODE_NODE: 'syd-1' })).not.toBe(nameOf({ ANTIPODE_NODE: 'syd-2' }));
});
