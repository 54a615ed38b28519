import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  git,
  makeSshKey,
  openScratch,
  overSsh,
  tryGit,
  type GitOptions,
  type Scratch,
  type SshKeyPair,
} from '@antipode/testing';
import { SimUnderTest } from './open-sim.js';

type Door = 'https' | 'ssh';
const REPOSITORY = '/repositories/acme/design-system';

describe('a push', () => {
  let sim: SimUnderTest;
  let scratch: Scratch;
  let key: SshKeyPair;

  beforeAll(async () => {
    sim = await SimUnderTest.open();
    scratch = await openScratch();
    key = await makeSshKey(scratch.path, 'walter');
    await sim.control('POST', '/users/walter/ssh-keys', { publicKey: key.publicKey });
    for (const door of ['https', 'ssh'] as const)
      await git(['clone', '--quiet', url(door), scratch.file(door)], as(door));
  });
  afterAll(async () => {
    await sim[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  const url = (door: Door): string =>
    door === 'ssh' ? `${sim.ssh}/acme/design-system.git` : sim.repository('acme/design-system');
  const as = (door: Door): GitOptions =>
    door === 'ssh' ? { env: overSsh({ key: key.path }) } : { as: sim.git('walter') };
  const refs = async () => (await sim.control('GET', `${REPOSITORY}/refs`)).refs as Record<string, string>;
  /** A clone of the door's own. */
  const clone = (door: Door) => {
    const work = () => ({ ...as(door), cwd: scratch.file(door) });
    return {
      work,
      push: (...args: string[]) => tryGit(['push', 'origin', ...args], work()),
      commit: (message = 'Change') => git(['commit', '--quiet', '--allow-empty', '-m', message], work()),
    };
  };

  describe.each(['https', 'ssh'] as const)('by %s', (door) => {
    const { work, push, commit } = clone(door);
    const branch = (name: string): string => `refs/heads/${door}/${name}`;

    it('passes options on, and is logged with them and its pusher', async () => {
      await sim.control('DELETE', '/pushes');
      await commit();
      const { code } = await push('-o', 'ci.skip', '-o', 'note=two words', `HEAD:${branch('options')}`);
      const { pushes } = await sim.control('GET', '/pushes');

      expect(code).toBe(0);
      expect(pushes).toEqual([
        {
          repository: 'acme/design-system',
          door,
          by: 'walter',
          updates: [{ ref: branch('options'), old: null, new: await git(['rev-parse', 'HEAD'], work()) }],
          options: ['ci.skip', 'note=two words'],
          at: expect.any(String),
        },
      ]);
    });

    it('moves all or nothing where it is atomic', async () => {
      await commit();
      const before = await refs();
      await git(['branch', '--force', 'stale', 'HEAD~2'], work());
      const { code, stderr } = await push(
        '--atomic',
        `HEAD:${branch('fresh')}`,
        '+HEAD~1:refs/heads/main',
        `stale:${branch('options')}`,
      );

      expect(code).not.toBe(0);
      expect(stderr).toContain('rejected');
      expect(await refs()).toEqual(before);
      expect((await push('--atomic', `HEAD:${branch('fresh')}`, `HEAD:${branch('fresher')}`)).code).toBe(0);
    });

    it('is refused with any text', async () => {
      await sim.control('PATCH', REPOSITORY, { rejection: 'Line one.\nLine $two "quoted".' });
      const { stderr } = await push(`HEAD:${branch('refused')}`);
      await sim.control('PATCH', REPOSITORY, { rejection: null });

      expect(stderr).toMatch(/remote: Line one\.\s*\nremote: Line \$two "quoted"\./);
      expect(stderr).toContain('(pre-receive hook declined)');
      expect((await push(`HEAD:${branch('refused')}`)).code).toBe(0);
    });

    it.each([
      ['pack', false],
      ['before-refs', false],
      ['after-refs', true],
    ])('dies at %s without a word', async (at, hasMoved) => {
      await commit();
      const before = (await sim.get(REPOSITORY, 'olivia')).json.updated_on;
      await sim.control('PUT', '/faults', { pushes: [{ at, times: 1 }] });
      // Larger than what is let through before a pack is cut, and not to be compressed.
      await commit(randomBytes(4_000).toString('base64'));
      const { code, stderr } = await push(`HEAD:${branch(`died-${at}`)}`);
      const moved = Object.hasOwn(await refs(), branch(`died-${at}`));

      expect(code).not.toBe(0);
      expect(stderr).not.toContain('remote rejected');
      expect(moved).toBe(hasMoved);
      // What has happened has all its consequences, whoever heard of it.
      expect((await sim.get(REPOSITORY, 'olivia')).json.updated_on !== before).toBe(hasMoved);
      expect((await push(`HEAD:${branch(`died-${at}`)}`)).code).toBe(0);
    });
  });

  it('obeys restrictions of branches, except for those who are exempt', async () => {
    const { push, commit } = clone('https');
    const restrict = async (kind: string, pattern: string, users: string[] = []) => {
      const body = { kind, pattern, users: users.map((name) => ({ uuid: sim.user(name).uuid })) };
      const rules = `${REPOSITORY}/branch-restrictions`;
      const { json } = await sim.rest('POST', rules, { as: 'olivia', body });
      return { lift: () => sim.rest('DELETE', `${rules}/${json.id}`, { as: 'olivia' }) };
    };
    await commit();
    await push('HEAD:refs/heads/release/1', 'HEAD:refs/heads/keep', 'HEAD:refs/heads/history');
    await commit();
    const rules = [
      await restrict('push', 'release/*'),
      await restrict('delete', 'keep'),
      await restrict('force', 'hist*'),
    ];

    const update = await push('HEAD:refs/heads/release/1');
    expect(update.stderr).toContain('remote: Permission denied to update branch release/1.');
    const bySsh = await clone('ssh').push('HEAD:refs/heads/release/2');
    expect(bySsh.stderr).toContain('remote: Permission denied to update branch release/2.');
    expect(update.stderr).toContain('[remote rejected] HEAD -> release/1 (pre-receive hook declined)');
    expect((await push(':refs/heads/keep')).stderr).toContain('Permission denied to delete branch keep.');
    expect((await push('HEAD:refs/heads/history')).code).toBe(0);
    expect((await push('+HEAD~1:refs/heads/history')).stderr).toContain('denied to rewrite branch history.');
    expect((await push('HEAD:refs/heads/other')).code).toBe(0);

    for (const { lift } of rules) await lift();
    const exempt = await restrict('push', 'release/*', ['walter']);
    expect((await push('HEAD:refs/heads/release/1')).code).toBe(0);
    await exempt.lift();
  });
});
