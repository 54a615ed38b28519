import { z } from 'zod';
import { createPrimary, primarySettings } from '@antipode/primary';
import { makeHistory, openScratch, startGitHttpBackend, type GitCredential } from '@antipode/testing';
import { describePrimary, type PrimaryUnderTest } from './describe-primary.js';

const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const PASSWORDS: Readonly<Record<string, string>> = { walter: 'w-1', rita: 'r-1', sven: 's-1' };

/** As an .htaccess would say it: walter reads and pushes, rita reads, one folder is for everybody. */
function admits(who: GitCredential | undefined, path: string, right: 'read' | 'write'): boolean {
  if (path.startsWith('/open/') && right === 'read') return true;
  if (who === undefined || PASSWORDS[who.username] !== who.password) return false;
  return who.username === 'walter' || (who.username === 'rita' && right === 'read');
}

async function openHost(): Promise<PrimaryUnderTest> {
  const scratch = await openScratch();
  const shape = { commits: 2, branches: 1, tags: 0 };
  await makeHistory(scratch.file('team/sub/Widget.git'), shape);
  await makeHistory(scratch.file('open/handbook.git'), shape);
  const host = await startGitHttpBackend({
    root: scratch.path,
    admits: admits,
    knows: (who) => PASSWORDS[who.username] === who.password,
  });
  const primary = createPrimary(
    z
      .object(primarySettings)
      .parse({ PRIMARY_KIND: 'git-http', PRIMARY_GIT_URL: host.url, PRIMARY_ON_DEMAND: 'true' }),
  );
  return {
    primary,
    base: host.url,
    hidden: 'team/sub/Widget',
    open: 'open/handbook',
    missing: 'team/none',
    people: {
      writer: basic('walter', 'w-1'),
      reader: basic('rita', 'r-1'),
      stranger: basic('sven', 's-1'),
      impostor: basic('walter', 'guessed'),
    },
    connection: { token: 'r-1', username: 'rita' },
    stop: async () => {
      await host[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: async () => {
      await primary.close();
      // It is gone already where a test has stopped it.
      await Promise.resolve(host[Symbol.asyncDispose]()).catch(() => undefined);
      await scratch[Symbol.asyncDispose]();
    },
  };
}

describePrimary('any git host', openHost);
