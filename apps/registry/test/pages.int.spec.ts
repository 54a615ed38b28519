import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  startPostgres,
  startRedis,
  startSim,
  type RunningPostgres,
  type RunningRedis,
  type RunningSim,
} from '@antipode/testing';
import { FakeAuth, type FakePerson } from './fake-auth.js';
import { ADMIN_TOKEN, query, Registry } from './open-registry.js';
import { PageVisitor, unescape, type Opened } from './page-visitor.js';

const HOSTILE = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)>';
const PUBLIC = 'acme/handbook';
const READABLE = 'acme/storefront';
const HIDDEN = 'acme/checkout-api';

describe('the pages', () => {
  let postgres: RunningPostgres;
  let redis: RunningRedis;
  let sim: RunningSim;
  let people: FakeAuth;
  let registry: Registry;
  let anybody: PageVisitor;
  let owner: PageVisitor;
  let member: PageVisitor;
  let stranger: PageVisitor;

  beforeAll(async () => {
    [postgres, redis, sim] = await Promise.all([startPostgres(), startRedis(), startSim()]);
    people = await FakeAuth.open();
    const env = {
      AUTH_GRPC: people.address,
      PUBLIC_URL: 'http://mirror.example',
      SSH_URL: 'ssh://git@mirror.example:7999',
    };
    // Connected by hand, as people do it.
    const unset = { PRIMARY_WORKSPACE: '', PRIMARY_TOKEN_FILE: '' };
    registry = await Registry.open({ neighbours: { postgres, redis, sim }, env: { ...env, ...unset } });
    anybody = new PageVisitor(registry);
    owner = signIn('Olivia Owner', { acme: 'administrator', other: 'administrator' });
  }, 180_000);

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await Promise.all([people, postgres, redis, sim].map((one) => one?.[Symbol.asyncDispose]()));
  });

  const signIn = (displayName: string, roles: FakePerson['roles'], readable: string[] = []): PageVisitor =>
    PageVisitor.signedIn(registry, (browser) => know(browser, displayName, roles, readable));
  function know(browser: string, displayName: string, roles: FakePerson['roles'], readable: string[]): void {
    const id = randomUUID();
    people.people.push({ id, displayName, roles, readable, proofs: [browser] });
    people.tokens.set(id, sim.state.mirrorToken);
  }
  const idOf = async (path: string): Promise<string> =>
    (await registry.ask('GET', `/repositories?q=${path}`)).body.values[0].id as string;
  const words = ({ text }: Opened): string =>
    unescape(text.replace(/^[^]*<main/, '').replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ');
  const title = ({ text }: Opened): string => unescape(/<h1>([^<]*)</.exec(text)?.[1] ?? '');

  describe('of a mirror that nobody has connected', () => {
    it('say what it is, and lead to signing in and back', async () => {
      const home = await anybody.open('/-/');
      expect([home.status, title(home)]).toEqual([200, 'A mirror close to you']);
      expect(home.text).toMatch(
        /<form method="post" action="\/-\/link">.*name="return" value="\/-\/connect".*Connect to Bitbucket/s,
      );
    });

    it('let nobody connect it who has not shown the admin token', async () => {
      const choice = await owner.open('/-/connect');
      expect(words(choice)).toMatch(/acme Show the admin token first.*other/);
      const refused = await owner.send('/-/connect', '/-/connect', { workspace: 'acme' });
      expect([refused.status, words(refused)]).toEqual([403, expect.stringContaining('admin token')]);
      const wrong = await owner.send('/-/sign-in', '/-/sign-in', { token: 'a wrong admin token' });
      expect([wrong.status, words(wrong)]).toEqual([403, expect.stringContaining('not the admin token')]);
      expect(wrong.text).not.toContain('a wrong admin token');
    });

    it('show what is granted, then connect and go on to the projects', async () => {
      const back = '/-/connect?workspace=acme';
      const signedIn = await owner.send('/-/sign-in', '/-/sign-in', { token: ADMIN_TOKEN, return: back });
      expect([signedIn.status, signedIn.location]).toEqual([303, back]);
      const review = await owner.open(back);
      expect(words(review)).toMatch(/account of Olivia Owner.*It may.*list the repositories.*one webhook/);
      const connected = await owner.send(back, '/-/connect', { workspace: 'acme' });
      expect([connected.status, connected.location]).toEqual([303, '/-/projects']);
      await eventually(async () => (await registry.ask('GET', '/connection')).body.state === 'connected');
      expect(words(await owner.open('/-/'))).toMatch(
        /acme Connected.*Nothing is mirrored yet.*Choose projects/,
      );
    });

    it('send whoever comes back to no other site', async () => {
      for (const evil of ['//evil.example/', 'https://evil.example/', '/-/\\evil', '/-//evil.example']) {
        const moved = await owner.send('/-/sign-in', '/-/sign-in', { token: ADMIN_TOKEN, return: evil });
        expect([moved.status, moved.location]).toEqual([303, '/-/']);
      }
      // From here on she is there by her own right.
      await owner.send('/-/', '/-/sign-out', {});
    });
  });

  describe('of projects', () => {
    it('show what a change would do, and do it when it is confirmed', async () => {
      const choice = { mode: 'selected', project: ['WEB', 'PUB'], public: 'include' };
      const review = await owner.send('/-/projects', '/-/projects', { step: 'review', ...choice });
      expect([review.status, words(review)]).toEqual([
        200,
        expect.stringMatching(/Comes to the mirror Projects: PUB, WEB/),
      ]);
      expect(await registry.paths()).toEqual([]);
      const done = await owner.post('/-/projects', { step: 'apply', csrf: csrfOf(review), ...choice });
      expect([done.status, done.location]).toEqual([303, '/-/projects?changed']);
      await eventually(async () => (await registry.paths()).includes(READABLE));
      const page = await owner.open('/-/projects');
      expect(page.text).toMatch(/value="WEB" checked.*1 repository of the chosen projects is public/s);
    });

    it('go from all back to some only with the explicit tick', async () => {
      const all = { mode: 'all', public: 'include' };
      await owner.send('/-/projects', '/-/projects', { step: 'apply', ...all });
      await eventually(async () => (await registry.paths()).includes('acme/pipelines'));
      const some = { mode: 'selected', project: ['WEB', 'PUB'], public: 'include' };
      const unticked = await owner.send('/-/projects', '/-/projects', { step: 'apply', ...some });
      expect([unticked.status, words(unticked)]).toEqual([
        422,
        expect.stringMatching(/From all projects back to some/),
      ]);
      expect(await registry.paths()).toContain('acme/pipelines');
      const ticked = await owner.send('/-/projects', '/-/projects', {
        step: 'apply',
        allowNarrowing: 'yes',
        ...some,
      });
      expect(ticked.status).toBe(303);
      expect(await registry.paths()).not.toContain('acme/pipelines');
    });

    it('keep what a project has of its own, and say what is wrong with it', async () => {
      const page = '/-/projects/WEB';
      const wrong = await owner.send(page, page, { freshness: 'bounded', seconds: '0', lfsPrefetch: '' });
      expect([wrong.status, words(wrong)]).toEqual([400, expect.stringContaining('from 1 to 86400')]);
      const saved = await owner.send(page, page, { freshness: 'bounded', seconds: '30', lfsPrefetch: 'off' });
      expect([saved.status, saved.location]).toEqual([303, `${page}?saved`]);
      expect(words(await owner.open('/-/projects'))).toContain('freshness bounded:30, large files on demand');
      expect((await owner.open('/-/projects/NOPE')).status).toBe(404);
    });
  });

  describe('for each kind of viewer', () => {
    beforeAll(async () => {
      member = signIn('Rita Reader', { acme: 'member' }, [await idOf(READABLE)]);
      stranger = signIn('Sam Stranger', {});
    });

    it('list what they may know of, on the overview as in the list', async () => {
      for (const path of ['/-/', '/-/repositories']) {
        const seen = async (visitor: PageVisitor): Promise<string[]> => {
          const { text } = await visitor.open(path);
          return [
            ...new Set(
              [...text.matchAll(/href="\/-\/repositories\/(acme\/[\w-]+)"/g)].map(([, one]) => one ?? ''),
            ),
          ];
        };
        expect([path, await seen(anybody)]).toEqual([path, [PUBLIC]]);
        expect([path, await seen(stranger)]).toEqual([path, [PUBLIC]]);
        expect([path, (await seen(member)).sort()]).toEqual([path, [PUBLIC, READABLE]]);
      }
      expect((await owner.open('/-/repositories')).text).toContain(HIDDEN);
    });

    it('tell nobody of a repository that is not for them: it looks as one that does not exist', async () => {
      for (const visitor of [anybody, stranger, member]) {
        const hidden = await visitor.open(`/-/repositories/${HIDDEN}`);
        const missing = await visitor.open('/-/repositories/acme/no-such-thing');
        expect([hidden.status, missing.status]).toEqual([404, 404]);
        const same = ({ text }: Opened): string =>
          text.replaceAll(/acme(%2F|\/)[\w-]+/g, 'PATH').replace(/data-now="[^"]*"/, '');
        expect(same(hidden)).toBe(same(missing));
      }
      expect((await anybody.open(`/-/repositories/${HIDDEN}`)).text).toContain(
        '/-/sign-in?return=%2F-%2Frepositories',
      );
      expect((await member.open(`/-/repositories/${READABLE}`)).status).toBe(200);
    });

    it('open what is for administrators to them alone', async () => {
      for (const path of ['/-/projects', '/-/projects/WEB', '/-/disconnect']) {
        expect([path, (await anybody.open(path)).location]).toEqual([
          path,
          `/-/sign-in?return=${encodeURIComponent(path)}`,
        ]);
        expect([path, (await stranger.open(path)).status]).toEqual([path, 403]);
        expect([path, (await member.open(path)).status]).toEqual([path, 403]);
        expect([path, (await owner.open(path)).status]).toEqual([path, 200]);
      }
      expect((await stranger.open('/-/activity')).status).toBe(403);
      expect(words(await member.open('/-/activity'))).not.toContain('Who changed what');
      expect(words(await owner.open('/-/activity'))).toMatch(
        /Who changed what.*selection.changed.*Olivia Owner/,
      );
      const asked = await member.send(`/-/repositories/${READABLE}`, `/-/repositories/${READABLE}`, {
        action: 'sync',
      });
      expect(asked.status).toBe(403);
    });

    it('show every way to clone, also to a browser without scripts', async () => {
      const { text } = await member.open(`/-/repositories/${READABLE}.git`);
      for (const line of [
        `git clone http://mirror.example/${READABLE}.git`,
        `git clone ssh://git@mirror.example:7999/${READABLE}.git`,
        `git clone ${sim.url}/${READABLE}.git`,
        `git remote set-url --push origin ${sim.url}/${READABLE}.git`,
        `git config --global url."http://mirror.example/".insteadOf "${sim.url}/"`,
        `href="sourcetree://cloneRepo/http://mirror.example/${READABLE}.git"`,
      ])
        expect(unescape(text)).toContain(line);
    });

    it('let administrators ask for a sync, a verification and a new clone', async () => {
      for (const action of ['sync', 'verify', 'reclone']) {
        const page = `/-/repositories/${READABLE}`;
        const asked = await owner.send(page, page, { action });
        expect([asked.status, asked.location]).toEqual([303, `${page}?asked=${action}`]);
      }
      const page = await owner.send(`/-/repositories/${READABLE}`, `/-/repositories/${READABLE}`, {
        action: 'delete',
      });
      expect(page.status).toBe(400);
    });
  });

  describe('when something needs a person', () => {
    it('say what, why and what to do, and take an administrator’s word', async () => {
      const sql = `UPDATE connection SET phase = 'suspended', error = 'The link of the account is gone.', hook_disabled = true,
        suspended_ids = ARRAY['00000000-0000-4000-8000-000000000001'], suspended_at = now()`;
      await query(registry.databaseUrl, sql);
      const seen = words(await owner.open('/-/'));
      expect(seen).toMatch(/acme Suspended.*The link of the account is gone.*connects the mirror again/);
      expect(seen).toMatch(/1 repository would be removed: your word is needed.*The webhook is switched off/);
      expect(seen).toContain('Olivia Owner, whose account it lives by');
      expect(words(await member.open('/-/'))).toMatch(/The mirror has lost its connection(?!.*your word)/);
      expect(words(await anybody.open('/-/'))).not.toMatch(/Suspended|lost its connection|acme [^/]/);
      const wrong = await owner.send('/-/', '/-/removals', { count: '2' });
      expect([wrong.status, words(wrong)]).toEqual([409, expect.stringContaining('not 2')]);
      expect((await member.send('/-/', '/-/removals', { count: '1' })).status).toBe(403);
      expect((await owner.send('/-/', '/-/removals', { count: '1' })).location).toBe('/-/');
      await eventually(async () => (await registry.ask('GET', '/connection')).body.state === 'connected');
    });
  });

  describe('are safe', () => {
    const PATHS = [
      '/-/',
      '/-/repositories',
      `/-/repositories/${READABLE}`,
      '/-/projects',
      '/-/projects/WEB',
      '/-/activity',
      '/-/connect',
      '/-/disconnect',
      '/-/sign-in',
      '/-/nothing',
    ];

    it('by their headers: nothing is run or styled but the mirror’s own files, and nothing is kept', async () => {
      for (const path of PATHS) {
        const { headers, text } = await owner.open(path);
        expect([path, headers.get('content-security-policy')]).toEqual([
          path,
          expect.stringMatching(
            /^default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'; base-uri 'none'$/,
          ),
        ]);
        expect([path, headers.get('cache-control'), headers.get('content-type')]).toEqual([
          path,
          'no-store',
          'text/html; charset=utf-8',
        ]);
        expect([
          path,
          /<style|style=|<script(?! type="module" src="\/-\/assets\/)|\son[a-z]+=/.exec(text)?.[0],
        ]).toEqual([path, undefined]);
        expect([path, text.match(/<h1>/g)?.length]).toEqual([path, 1]);
      }
    });

    it('answer HEAD, serve their files for ever under their names, and keep programs’ answers for programs', async () => {
      const head = await owner.open('/-/', { method: 'HEAD' });
      expect([head.status, head.text]).toEqual([200, '']);
      const { text } = await anybody.open('/-/');
      for (const [, path = ''] of text.matchAll(/(?:src|href)="(\/-\/assets\/[^"]*)"/g)) {
        const { status, headers } = await anybody.open(path);
        expect([path, status, headers.get('cache-control')]).toEqual([
          path,
          200,
          'public, max-age=31536000, immutable',
        ]);
      }
      for (const path of ['/-/api/v1/nothing', '/-/webhooks', '/-/assets/nothing.css'])
        expect([path, (await owner.open(path)).headers.get('content-type')]).toEqual([
          path,
          'application/problem+json',
        ]);
    });

    it('take no form that another site made a browser send, or that has another browser’s token', async () => {
      const { text } = await anybody.open('/-/sign-in');
      const [, foreign = ''] = /name="csrf" value="([^"]*)"/.exec(text) ?? [];
      const own = csrfOf(await owner.open('/-/projects'));
      const fields = { step: 'apply', mode: 'all', public: 'include' };
      const answers = [
        await owner.post('/-/projects', fields),
        await owner.post('/-/projects', { ...fields, csrf: foreign }),
        await owner.post('/-/projects', { ...fields, csrf: own }, { 'sec-fetch-site': 'cross-site' }),
        await owner.post('/-/projects', { ...fields, csrf: own }, { origin: 'https://evil.example' }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
      expect(words(answers[0] as Opened)).toContain('Nothing was changed');
      expect((await registry.ask('GET', '/selection')).body.mode).toBe('selected');
    });

    it('show hostile names as they are', async () => {
      const id = await idOf(READABLE);
      await query(registry.databaseUrl, 'UPDATE repository SET name = $1 WHERE id = $2', [HOSTILE, id]);
      await query(
        registry.databaseUrl,
        `INSERT INTO sync_state (repository_id, node, phase, epoch, size_bytes, received_bytes_total, error_code, error, reported_at)
         VALUES ($1, 'syd-1', 'failing', 1, 0, 0, 'internal', $2, now())`,
        [id, HOSTILE],
      );
      know('H'.repeat(43), HOSTILE, { acme: 'administrator' }, []);
      const pages = [
        await owner.open(`/-/repositories/${READABLE}`),
        await owner.open(`/-/repositories?q=${encodeURIComponent(HOSTILE)}`),
        await owner.open(`/-/projects?q=${encodeURIComponent(HOSTILE)}`),
        await owner.open(`/-/sign-in?return=${encodeURIComponent(`/-/${HOSTILE}`)}`),
        await owner.open(`/-/${encodeURIComponent(HOSTILE)}`),
        await anybody.open('/-/', { headers: { cookie: `antipode=${'H'.repeat(43)}` } }),
      ];
      for (const { text } of pages) expect(text).not.toMatch(/<script>|<img|="'/);
      expect(words(pages[0] as Opened)).toMatch(/The last sync failed .*alert\(1\).*About Name .*alert\(1\)/);
      expect((pages[5] as Opened).text).toContain('<span>&#60;script&#62;alert(1)');
    });
  });

  describe('of the end', () => {
    it('disconnect only whoever types the workspace’s name, and say so at once', async () => {
      const warned = await owner.open('/-/disconnect');
      expect(words(warned)).toMatch(
        /Clones and fetches of \d+ repositories end at once.*Keep them for 7 days/,
      );
      const wrong = await owner.send('/-/disconnect', '/-/disconnect', { data: 'now', confirm: 'acne' });
      expect([wrong.status, words(wrong)]).toEqual([422, expect.stringContaining('Nothing was changed')]);
      const done = await owner.send('/-/disconnect', '/-/disconnect', { data: 'kept', confirm: 'acme' });
      expect([done.status, done.location]).toEqual([303, '/-/']);
      expect(await registry.paths()).toEqual([]);
      await eventually(async () => (await registry.ask('GET', '/connection')).body.state === 'unconnected');
      expect(words(await anybody.open('/-/'))).not.toContain('acme');
      expect(words(await owner.open('/-/connect'))).toMatch(/acme its copy is still here/);
    });
  });

  const csrfOf = ({ text }: Opened): string => unescape(/name="csrf" value="([^"]*)"/.exec(text)?.[1] ?? '');
});
