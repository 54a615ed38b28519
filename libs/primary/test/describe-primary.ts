import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isRepositoryId, type RepositoryPath } from '@antipode/domain';
import type { ConnectionCredential, Primary, PrimaryRepository } from '@antipode/primary';

/** A real host with three repositories and people with different rights, and the adapter that speaks to it. */
export interface PrimaryUnderTest extends AsyncDisposable {
  readonly primary: Primary;
  /** Base of the host's git URLs. */
  readonly base: string;
  /** One that writer and reader may use, and nobody else. */
  readonly hidden: RepositoryPath;
  /** One that everybody may read. Absent where the host lets nobody in without a name. */
  readonly open?: RepositoryPath;
  readonly missing: RepositoryPath;
  /** Authorization headers. */
  readonly people: Readonly<Record<'writer' | 'reader' | 'stranger' | 'impostor', string>>;
  /** How the mirror itself is known to the host; reads everything. */
  readonly connection: ConnectionCredential;
  /** Takes the host away. */
  stop(): Promise<void>;
}

/** Making repositories takes its time where many tests run at once. */
const OPEN_MS = 120_000;

/** What every adapter promises (libs/primary/src/primary.ts), held against a real host of its kind. */
export function describePrimary(name: string, openHost: () => Promise<PrimaryUnderTest>): void {
  describe(`${name} keeps the Primary promise`, () => {
    let host: PrimaryUnderTest;
    beforeAll(async () => {
      host = await openHost();
    }, OPEN_MS);
    afterAll(async () => {
      await host[Symbol.asyncDispose]();
    });

    it('has one normal form for a path, which its own URL leads back to', async () => {
      const { primary, base } = host;
      for (const path of [host.hidden, host.missing]) {
        expect(primary.parseRepositoryPath(path)).toBe(path);
        expect(primary.parseRepositoryPath(`${path}.git`)).toBe(path);
        const url = primary.gitUrl(path);
        expect(url.startsWith(`${base}/`)).toBe(true);
        expect(primary.parseRepositoryPath(url.slice(base.length + 1))).toBe(path);
      }
    });

    it('knows no path that could lead out of the host or into the mirror’s own rooms', async () => {
      const odd = [
        '',
        '/',
        '..',
        '../x',
        'a/../b',
        'a//b',
        'a/.git',
        '-/api/v1',
        '_sim/state',
        'a\\b/c',
        'a/b\0',
        'a/b\n',
      ];
      for (const path of odd) expect(host.primary.parseRepositoryPath(path)).toBeUndefined();
    });

    it('lets in exactly those whom the host lets in', async () => {
      const { primary, hidden: path, people } = host;
      const verdict = (right: 'read' | 'write', authorization: string | undefined): Promise<string> =>
        primary.authorize({ path, right, authorization }).then(({ kind }) => kind);

      expect(await verdict('read', people.writer)).toBe('allowed');
      expect(await verdict('write', people.writer)).toBe('allowed');
      expect(await verdict('read', people.reader)).toBe('allowed');
      expect(await verdict('write', people.reader)).toMatch(/^(not_found|denied)$/);
      expect(await verdict('read', people.stranger)).toMatch(/^(not_found|denied)$/);
      expect(await verdict('read', people.impostor)).toBe('unauthenticated');
      expect(await verdict('write', people.impostor)).toBe('unauthenticated');
      expect(await verdict('read', undefined)).toBe('unauthenticated');
      expect(await verdict('write', undefined)).toBe('unauthenticated');
    });

    it('lets everybody read what is open to everybody, and write nothing', async () => {
      const { primary, open: path } = host;
      if (path === undefined) return;
      const question = { path, authorization: undefined };
      expect(await primary.authorize({ ...question, right: 'read' })).toEqual({ kind: 'allowed' });
      expect((await primary.authorize({ ...question, right: 'write' })).kind).not.toBe('allowed');
    });

    it('does not find what is not there', async () => {
      const { primary, missing: path, people } = host;
      expect(await primary.authorize({ path, right: 'read', authorization: people.writer })).toEqual({
        kind: 'not_found',
      });
    });

    it('shows the mirror’s own credential in the form that the host’s git takes', async () => {
      const authorization = host.primary.gitAuthorization(host.connection);
      const question = { path: host.hidden, right: 'read', authorization } as const;
      expect(await host.primary.authorize(question)).toEqual({ kind: 'allowed' });
      expect(host.primary.relayAuthorization(authorization)).toBe(authorization);
    });

    it('tells of every repository that the connection can see, or how each is identified', async () => {
      const { primary, hidden, connection } = host;
      if (!primary.discovery) {
        expect(isRepositoryId(primary.identify(hidden))).toBe(true);
        expect(primary.identify(hidden)).toBe(primary.identify(hidden));
        return;
      }
      const found: PrimaryRepository[] = [];
      for await (const page of primary.discovery.listRepositories({ credential: connection }))
        found.push(...page);
      expect(found.map(({ path }) => path)).toContain(hidden);
      expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
      for (const { id, path } of found) {
        expect(isRepositoryId(id)).toBe(true);
        expect(primary.parseRepositoryPath(path)).toBe(path);
      }
    });

    it('stops asking when its caller does', async () => {
      const question = { path: host.hidden, right: 'read', authorization: host.people.writer } as const;
      await expect(host.primary.authorize(question, AbortSignal.abort())).rejects.toMatchObject({
        code: 'cancelled',
      });
    });

    // The last one: nobody brings the host back.
    it('says that the host is away, and nothing of who asked', async () => {
      await host.stop();
      const question = { path: host.hidden, right: 'read', authorization: host.people.writer } as const;
      const failure: unknown = await host.primary.authorize(question).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'primary_unavailable' });
      const secret = host.people.writer.split(' ')[1] ?? '';
      expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain(secret);
    });
  });
}
