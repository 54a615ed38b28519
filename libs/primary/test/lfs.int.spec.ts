import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createPrimary, primarySettings, type Primary } from '@antipode/primary';
import { openBitbucket, type OpenBitbucket } from './open-bitbucket.js';

describe('the LFS server of a primary', () => {
  let host: OpenBitbucket;
  let primaries: Primary[];
  let object: { oid: string; size: number };
  let path: string;
  beforeAll(async () => {
    host = await openBitbucket();
    const gitHttp = { PRIMARY_KIND: 'git-http', PRIMARY_GIT_URL: host.sim.url, PRIMARY_ON_DEMAND: 'true' };
    primaries = [
      host.primary,
      createPrimary(z.object(primarySettings).parse(gitHttp)),
      createPrimary(z.object(primarySettings).parse({ ...gitHttp, PRIMARY_GIT_SUFFIX: 'none' })),
    ];
    path = `${host.workspace}/storefront`;
    object = await host.sim.control.lfs.put(path, 'a large file');
  }, 120_000);
  afterEach(() => host.sim.control.heal());
  afterAll(async () => {
    for (const primary of primaries.slice(1)) await primary.close();
    await host[Symbol.asyncDispose]();
  });

  it('tells whoever may read where an object is, by every adapter', async () => {
    for (const { lfs } of primaries) {
      expect(lfs.url(path)).toBe(`${host.sim.url}/${path}.git/info/lfs`);
      const { objects } = await lfs.batch({
        path,
        authorization: host.git('reader'),
        operation: 'download',
        objects: [object, { oid: 'f'.repeat(64), size: 3 }],
        ref: 'refs/heads/main',
      });
      const [found, missing] = objects;
      const { href = '', header = {} } = found?.actions?.download ?? {};
      expect(await (await fetch(href, { headers: { ...header } })).text()).toBe('a large file');
      expect(missing?.error?.code).toBe(404);
    }
  });

  it('gives links for uploads to whoever may write', async () => {
    const question = {
      path,
      authorization: host.git('writer'),
      operation: 'upload' as const,
      objects: [{ oid: 'e'.repeat(64), size: 3 }],
    };
    const { objects } = await host.primary.lfs.batch(question);
    expect(Object.keys(objects[0]?.actions ?? {})).toContain('upload');
    const reading = host.primary.lfs.batch({ ...question, authorization: host.git('reader') });
    await expect(reading).rejects.toMatchObject({ code: 'denied' });
  });

  it('refuses whoever may not, in the primary’s words', async () => {
    const question = { path, operation: 'download' as const, objects: [object] };
    const { lfs } = host.primary;
    const asked = (authorization: string | undefined) => lfs.batch({ ...question, authorization });
    await expect(asked(undefined)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(asked(host.git('stranger'))).rejects.toMatchObject({
      code: 'denied',
      hint: expect.stringContaining('The primary says: '),
    });
  });

  it('says when it has had enough, talks nonsense, or is away', async () => {
    const ask = () =>
      host.primary.lfs.batch({
        path,
        authorization: host.git('reader'),
        operation: 'download',
        objects: [object],
      });
    const { control } = host.sim;
    await control.faults({ lfs: [{ kind: 'refused', status: 429, retryAfterSeconds: 9 }] });
    await expect(ask()).rejects.toMatchObject({ code: 'primary_limited', context: { retryAfter: '9' } });
    await control.faults({ lfs: [{ kind: 'garbage' }] });
    await expect(ask()).rejects.toMatchObject({ code: 'primary_misbehaved' });
    await control.faults({ down: 'destroy' });
    await expect(ask()).rejects.toMatchObject({ code: 'primary_unavailable' });
  });
});
