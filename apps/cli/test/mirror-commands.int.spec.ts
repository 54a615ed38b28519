import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cloneUrl } from '../src/commands/clone-url.js';
import { CHECKOUT } from '@antipode/testing';
import { doctor } from '../src/commands/doctor.js';
import { addProjects, allProjects, listProjects, removeProjects } from '../src/commands/projects.js';
import { listMirrors } from '../src/commands/mirrors.js';
import { parseFreshness, parsePrefetch, projectPolicy } from '../src/commands/project-policy.js';
import { repairRepositories } from '../src/commands/repair.js';
import { listRepositories, showRepository, syncRepositories } from '../src/commands/repos.js';
import { readStatus, status } from '../src/commands/status.js';
import { addWebhook, EVENTS, listWebhooks, pingWebhook, removeWebhook } from '../src/commands/webhooks.js';
import { MirrorClient } from '../src/mirror/mirror-client.js';
import { RateMeter } from '../src/status/rate-meter.js';
import { reportText } from '../src/status/report-text.js';
import { summaryOf, watchFrame } from '../src/status/watch-frame.js';
import { EXIT, exitOf, sentenceOf } from '../src/stopped-short.js';
import { FakeMirror, NOW, TOKEN } from './fake-mirror.js';
import { named, onTerminal, piped, terminal } from './papers.js';

const SETTINGS = {
  ...{ url: undefined, token: TOKEN, tokenFile: undefined, profile: undefined },
  profileFolder: '/nowhere',
};

describe('what a person sees of a mirror', () => {
  let mirror: FakeMirror;
  let client: MirrorClient;

  beforeAll(async () => {
    mirror = await FakeMirror.open();
  });
  beforeEach(() => {
    mirror.reset();
    client = new MirrorClient({ url: mirror.url, token: TOKEN, tokenFrom: 'the test' });
  });
  afterAll(() => mirror[Symbol.asyncDispose]());

  /** The port is another one each time. */
  const shown = (text: string): string => text.replaceAll(mirror.url, 'http://mirror');

  async function failure(doing: Promise<unknown>): Promise<string> {
    const error: unknown = await doing.then(
      () => 'nothing was wrong',
      (thrown: unknown) => thrown,
    );
    return `${exitOf(error)} ${shown(sentenceOf(error))}`;
  }

  describe('projects', () => {
    it('are listed with and without a terminal', async () => {
      const answer = await listProjects(client);
      expect(piped(answer)).toMatchInlineSnapshot(`
       "
       PROJECT  MIRROR    ACCESS   NAME
       DATA     -         private  Data
       OPS      mirrored  private  Operations�[2J of a name that is rather long, as names of projects are
       WEB      mirrored  public   Web shop

       Mirrored: OPS, WEB
       "
      `);
      expect(onTerminal(answer)).toMatchInlineSnapshot(`
       "
       <dim>PROJECT</>  <dim>MIRROR</>    <dim>ACCESS</>   <dim>NAME</>
       DATA     <dim>-</>         private  Data
       OPS      <green>mirrored</>  private  Operations�[2J of a name that is rather lon…
       WEB      <green>mirrored</>  public   Web shop

       Mirrored: OPS, WEB
       "
      `);
      expect(answer.json).toMatchObject({
        mode: 'selected',
        projects: [{ key: 'DATA' }, { key: 'OPS' }, { key: 'WEB' }],
      });
    });

    it('are added to those that are mirrored already', async () => {
      expect(piped(await addProjects(client, ['DATA', 'WEB']))).toMatchInlineSnapshot(`
       "
       Mirroring DATA. Watch the repositories arrive: antipode status --watch
       "
      `);
      expect(mirror.state.selection).toMatchObject({ mode: 'selected', projectKeys: ['OPS', 'WEB', 'DATA'] });
      expect(piped(await addProjects(client, ['DATA']))).toMatchInlineSnapshot(`
       "
       DATA: mirrored already.
       "
      `);
    });

    it('that nobody has are refused with those that there are', async () => {
      expect(await failure(addProjects(client, ['NOPE']))).toMatchInlineSnapshot(
        `"5 There is no project NOPE. There are DATA, OPS, WEB; \`antipode projects list\` shows more."`,
      );
      expect(mirror.state.selection).toMatchObject({ projectKeys: ['OPS', 'WEB'] });
    });

    it('are removed, after a look at what goes with them', async () => {
      expect(piped(await removeProjects(client, ['WEB'], { dryRun: true }))).toMatchInlineSnapshot(`
       "
       Would stop mirroring WEB: 2 repositories, 282.5 kB
       REPOSITORY       SIZE
       acme/storefront  282.5 kB
       acme/checkout    0 bytes
       Nothing was changed. Without --dry-run they are served no longer.
       "
      `);
      expect(mirror.state.selection).toMatchObject({ projectKeys: ['OPS', 'WEB'] });
      const removed = await removeProjects(client, ['WEB'], {});
      expect(onTerminal(removed)).toMatchInlineSnapshot(`
       "
       Stopped mirroring WEB: 2 repositories, 282.5 kB
       <dim>REPOSITORY</>       <dim>SIZE</>
       acme/storefront  282.5 kB
       acme/checkout    0 bytes
       Mirrored: OPS
       "
      `);
      expect(mirror.state.selection).toMatchObject({ mode: 'selected', projectKeys: ['OPS'] });
    });

    it('are not taken out of "all" by the way', async () => {
      await allProjects(client);
      expect(await failure(removeProjects(client, ['WEB'], {}))).toMatchInlineSnapshot(
        `"1 All projects are mirrored, those that come later as well. To take one away is to go back to a list of projects, and later ones will be missing from it: say so with --allow-narrowing."`,
      );
      expect(mirror.state.selection).toMatchObject({ mode: 'all' });
      await removeProjects(client, ['WEB'], { allowNarrowing: true });
      expect(mirror.state.selection).toMatchObject({ mode: 'selected', projectKeys: ['DATA', 'OPS'] });
    });
  });

  describe('repositories', () => {
    it('are listed from all pages, with and without a terminal', async () => {
      const answer = await listRepositories(client, {});
      expect(piped(answer)).toMatchInlineSnapshot(`
       "
       REPOSITORY       PROJECT  STATE         LAG  SIZE
       acme/storefront  WEB      ready         4s   282.5 kB
       acme/checkout    WEB      cloning 42 %  -    0 bytes
       acme/pipelines   OPS      failing       1h   282.5 kB  The primary does not answer.

       3 repositories
       "
      `);
      expect(onTerminal(answer)).toMatchInlineSnapshot(`
       "
       <dim>REPOSITORY</>       <dim>PROJECT</>  <dim>STATE</>         <dim>LAG</>  <dim>SIZE</>      <dim></>
       acme/storefront  WEB      <green>ready</>         4s   282.5 kB
       acme/checkout    WEB      <cyan>cloning 42 %</>  -    0 bytes
       acme/pipelines   OPS      <red>failing</>       1h   282.5 kB  The primary does…

       3 repositories
       "
      `);
    });

    it('are filtered and limited', async () => {
      expect(piped(await listRepositories(client, { phase: 'failing' }))).toMatchInlineSnapshot(`
       "
       REPOSITORY      PROJECT  STATE    LAG  SIZE
       acme/pipelines  OPS      failing  1h   282.5 kB  The primary does not answer.

       1 repository
       "
      `);
      expect(piped(await listRepositories(client, { limit: 1 }))).toMatch(/1 of 3 repositories\n$/);
      expect(piped(await listRepositories(client, { project: 'DATA' }))).toMatchInlineSnapshot(`
       "
       No mirrored repository is like that.
       "
      `);
    });

    it('are shown node by node', async () => {
      expect(onTerminal(await showRepository(client, 'acme/storefront', NOW))).toMatchInlineSnapshot(`
       "
       <bold>acme/storefront</>
         <dim>state    </> <green>ready</>
         <dim>in sync  </> as of 4s ago
         <dim>project  </> WEB (private)
         <dim>size     </> 282.5 kB
         <dim>received </> 229.2 kB
         <dim>clone    </> https://mirror.example/acme/storefront.git
         <dim>push     </> https://bitbucket.org/acme/storefront.git
         <dim>id       </> 00000000-0000-4000-8000-aaaaefaaaa00

       <dim>NODE</>   <dim>STATE</>  <dim>EPOCH</>  <dim>LAG</>  <dim>REPORTED</>  <dim></>
       tokyo  <green>ready</>  3      4s   2s ago
       "
      `);
      expect(piped(await showRepository(client, 'pipelines', NOW))).toMatchInlineSnapshot(`
       "
       acme/pipelines
         state     failing
         in sync   as of 1h ago
         project   OPS (private)
         size      282.5 kB
         received  229.2 kB
         lfs       12 objects, 48.0 MB; 2 missing: The primary says: no such object
         clone     https://mirror.example/acme/pipelines.git
         push      https://bitbucket.org/acme/pipelines.git
         id        00000000-0000-4000-8000-aaaeaaaea000
         error     The primary does not answer. (primary_unavailable)

       NODE   STATE    EPOCH  LAG  REPORTED
       tokyo  failing  3      1h   2s ago    The primary does not answer.
       "
      `);
    });

    it.each([
      'storefront',
      'ACME/Storefront',
      'https://bitbucket.org/acme/storefront.git',
      'git@bitbucket.org:acme/storefront.git',
    ])('are found by %s', async (name) => {
      expect((await showRepository(client, name)).json).toMatchObject({ path: 'acme/storefront' });
    });

    it('that nobody has are refused with those that look alike', async () => {
      expect(await failure(showRepository(client, 'other/storefront'))).toMatchInlineSnapshot(
        `"5 No mirrored repository is called other/storefront. Did you mean acme/storefront? \`antipode repos list\` shows all; \`antipode projects add KEY\` mirrors those of another project."`,
      );
      expect(await failure(showRepository(client, 'nothing'))).toMatchInlineSnapshot(
        `"5 No mirrored repository is called nothing. \`antipode repos list\` shows all; \`antipode projects add KEY\` mirrors those of another project."`,
      );
    });

    it('are synced, and waited for', async () => {
      const answer = await syncRepositories(client, ['storefront', 'checkout'], { waitSeconds: 5 });
      expect(piped(answer)).toMatchInlineSnapshot(`
       "
       acme/storefront: in sync (epoch 4)
       acme/checkout: in sync (epoch 4)
       "
      `);
      expect(mirror.state.synced).toHaveLength(2);
      const failed = await syncRepositories(client, ['pipelines'], { waitSeconds: 5 });
      expect(failed.exit).toBe(EXIT.failed);
      expect(piped(failed)).toMatchInlineSnapshot(`
       "
       acme/pipelines: The primary does not answer. (primary_unavailable)
       "
      `);
    });

    it('are asked for only where all names are known', async () => {
      await failure(syncRepositories(client, ['storefront', 'nothing']));
      expect(mirror.state.synced).toEqual([]);
    });
  });

  describe('clone-url', () => {
    it('is the URL alone in a pipe, and explained on a terminal', async () => {
      const answer = await cloneUrl(client, 'storefront', {});
      expect(piped(answer)).toMatchInlineSnapshot(`
       "
       https://mirror.example/acme/storefront.git
       "
      `);
      expect(onTerminal(answer)).toMatchInlineSnapshot(`
       "
       <bold>acme/storefront</>

       Clone from the mirror:
         git clone https://mirror.example/acme/storefront.git

       In a clone that you have: read from the mirror, push to the primary:
         git remote set-url origin https://mirror.example/acme/storefront.git
         git remote set-url --push origin https://bitbucket.org/acme/storefront.git

       For machines and CI: whatever names the primary is read from the mirror; pushes go through it:
         git config --global url.https://mirror.example/.insteadOf https://bitbucket.org/
       "
      `);
    });

    it('needs the SSH address of a mirror elsewhere', async () => {
      expect(await failure(cloneUrl(client, 'storefront', { ssh: true }))).toMatchInlineSnapshot(
        `"1 This mirror does not say its SSH address here: ask whoever runs it for SSH_URL of its edge, or clone over HTTPS (without --ssh)."`,
      );
      mirror.state.repositories[0]!.cloneUrls = { https: null } as never;
      expect(await failure(cloneUrl(client, 'storefront', {}))).toMatchInlineSnapshot(
        `"1 The mirror does not know its own address: set PUBLIC_URL of its registry (docs/settings.md)."`,
      );
    });

    it('knows the SSH side of a mirror that names it', async () => {
      Object.assign(mirror.state.repositories[0]!.cloneUrls, {
        ssh: 'ssh://git@mirror.example:7999/acme/storefront.git',
        primary: {
          https: 'https://bitbucket.org/acme/storefront.git',
          ssh: 'ssh://git@bitbucket.org/acme/storefront.git',
        },
      });
      expect((await cloneUrl(client, 'storefront', { ssh: true })).json).toMatchInlineSnapshot(`
       {
         "clone": "ssh://git@mirror.example:7999/acme/storefront.git",
         "commands": {
           "clone": "git clone ssh://git@mirror.example:7999/acme/storefront.git",
           "insteadOf": "git config --global url.ssh://git@mirror.example:7999/.insteadOf git@bitbucket.org:",
           "setPushUrl": "git remote set-url --push origin git@bitbucket.org:acme/storefront.git",
           "setUrl": "git remote set-url origin ssh://git@mirror.example:7999/acme/storefront.git",
         },
         "insteadOf": {
           "mirror": "ssh://git@mirror.example:7999/",
           "primary": "git@bitbucket.org:",
         },
         "path": "acme/storefront",
         "push": "git@bitbucket.org:acme/storefront.git",
       }
      `);
    });

    it('takes a path that a shell would obey as one word', async () => {
      Object.assign(mirror.state.repositories[0]!, {
        path: 'acme/$(id)',
        cloneUrls: { https: 'https://mirror.example/acme/$(id).git' },
      });
      expect(await cloneUrl(client, 'acme/$(id)', {})).toMatchObject({
        json: { commands: { clone: "git clone 'https://mirror.example/acme/$(id).git'" } },
      });
    });
  });

  describe('status', () => {
    const look = () => readStatus({ url: mirror.url }, SETTINGS);

    it('tells of a mirror elsewhere, with and without a terminal', async () => {
      const { report, exit } = await look();
      expect(exit).toBe(EXIT.ok);
      const answer = {
        json: report,
        text: (paper: typeof terminal) => shown(reportText(paper, report, NOW)),
      };
      expect(piped(answer)).toMatchInlineSnapshot(`
       "
       The mirror at http://mirror
         connection    connected to Bitbucket Cloud, workspace acme
         webhook       polling only: Neither WEBHOOK_URL nor PUBLIC_URL is set.
         projects      Mirrored: OPS, WEB
         repositories  3: 1 cloning, 1 ready, 1 failing
         nodes         tokyo (seen 2s ago)
         sweep         12s ago; a complete one 3m ago
         needs         database ok, redis ok
       "
      `);
      expect(onTerminal(answer)).toMatchInlineSnapshot(`
       "
       <bold>The mirror at http://mirror</>
         <dim>connection   </> <green>connected</> to Bitbucket Cloud, workspace acme
         <dim>webhook      </> polling only: Neither WEBHOOK_URL nor PUBLIC_URL is set.
         <dim>projects     </> Mirrored: OPS, WEB
         <dim>repositories </> 3: 1 cloning, 1 ready, 1 failing
         <dim>nodes        </> tokyo (seen 2s ago)
         <dim>sweep        </> 12s ago; a complete one 3m ago
         <dim>needs        </> database <green>ok</>, redis <green>ok</>
       "
      `);
      expect(Object.keys(report)).toEqual(['running', 'message', 'data', 'parts', 'mirror']);
    });

    it('ends with 1 where something wants a person', async () => {
      mirror.state.connection.state = 'suspended';
      mirror.state.connection.nextStep = 'Connect again with a token that is valid.';
      mirror.state.connection.error = {
        code: 'unauthenticated',
        message: 'The token is not valid any more.',
      };
      mirror.state.checks['redis'] = 'away';
      mirror.state.removalSuspended = {
        count: 12,
        since: new Date(NOW - 60_000).toISOString(),
        paths: ['acme/a', 'acme/b', 'acme/c'],
      };
      const { report, exit } = await look();
      expect(exit).toBe(EXIT.failed);
      const text = (paper: typeof terminal): string => shown(reportText(paper, report, NOW));
      expect(onTerminal({ json: report, text })).toMatchInlineSnapshot(`
       "
       <bold>The mirror at http://mirror</>
         <dim>connection   </> <red>suspended</> (Bitbucket Cloud, workspace acme): The token is not valid any more. (unauthenticated) Give it a valid token: antipode connect --workspace acme --token-file F
         <dim>webhook      </> polling only: Neither WEBHOOK_URL nor PUBLIC_URL is set.
         <dim>projects     </> Mirrored: OPS, WEB
         <dim>repositories </> 3: 1 cloning, 1 ready, 1 failing
         <dim>nodes        </> tokyo (seen 2s ago)
         <dim>sweep        </> 12s ago; a complete one 3m ago
         <dim>needs        </> database <green>ok</>, redis <red>away</>
         <dim>attention    </> <yellow>12 repositories vanished from the primary 1m ago (acme/a, acme/b, acme/c, …), too many to be believed: they are kept until somebody agrees with POST /-/api/v1/removals/confirm {"count": 12}</>
       "
      `);
    });

    it('ends with 3 where no mirror answers, and with 4 where it does not let us in', async () => {
      const away = await status({ url: 'http://127.0.0.1:1' }, SETTINGS);
      expect([away.exit, piped(away)]).toMatchInlineSnapshot(`
       [
         3,
         "
       The mirror at http://127.0.0.1:1
         The mirror at http://127.0.0.1:1 does not answer (bad port). Is it running, and is that its address? \`antipode doctor\` looks closer.
       ",
       ]
      `);
      const refused = await status({ url: mirror.url }, { ...SETTINGS, token: 'wrong' });
      expect([refused.exit, shown(piped(refused))]).toMatchInlineSnapshot(`
       [
         4,
         "
       The mirror at http://mirror
         The mirror at http://mirror does not take the token from ANTIPODE_TOKEN. It is the ADMIN_TOKEN of the mirror's registry (a house of \`antipode up\` keeps it in secrets/admin-token of its data folder); name a file that holds it with --token-file (\`connect\`: --admin-token-file).
       ",
       ]
      `);
    });

    it('shows bars, rates and the longest lag while it is watched', async () => {
      const { report } = await look();
      const repositories = structuredClone(mirror.state.repositories) as never as Parameters<
        RateMeter['note']
      >[0];
      const rates = new RateMeter();
      rates.note(repositories, NOW);
      const checkout = repositories.find(({ path }) => path === 'acme/checkout');
      if (checkout?.progress)
        checkout.progress = { ...checkout.progress, percent: 71, receivedBytes: 3_200_000 };
      rates.note(repositories, NOW + 1000);
      const watched = { report, repositories, rates, now: NOW };
      expect(`\n${shown(named(watchFrame(terminal, watched)))}`).toMatchInlineSnapshot(`
       "
       <bold>The mirror at http://mirror</>
         <dim>connection   </> <green>connected</> to Bitbucket Cloud, workspace acme
         <dim>webhook      </> polling only: Neither WEBHOOK_URL nor PUBLIC_URL is set.
         <dim>projects     </> Mirrored: OPS, WEB
         <dim>repositories </> 3: 1 cloning, 1 ready, 1 failing
         <dim>nodes        </> tokyo (seen 2s ago)
         <dim>sweep        </> 12s ago; a complete one 3m ago
         <dim>needs        </> database <green>ok</>, redis <green>ok</>

         acme/pipelines               <cyan></><dim>░░░░░░░░░░░░░░░░░░░░░░░░</>   0 %  <dim>failing: The primary does not answer.</>
         acme/checkout                <cyan>█████████████████</><dim>░░░░░░░</>  71 %  <dim>receiving, 3.2 MB, 2.0 MB/s</>

       Repositories 3: 1 cloning, 1 ready, 1 failing · 2.0 MB/s · longest lag 1h (acme/pipelines)
       <dim>Ctrl-C ends this, and nothing else.</>"
      `);
      expect(summaryOf(watched)).toMatchInlineSnapshot(
        `"Repositories 3: 1 cloning, 1 ready, 1 failing · 2.0 MB/s · longest lag 1h (acme/pipelines)"`,
      );
    });
  });

  describe('doctor', () => {
    it('says of each thing what it saw and what to do, and ends with 1 where something is broken', async () => {
      mirror.state.checks['redis'] = 'away';
      const answer = await doctor({ url: mirror.url }, SETTINGS, { home: CHECKOUT });
      const text = (paper: typeof terminal): string =>
        shown(answer.text(paper)).replace(/git version .*|git-lfs\/.*/g, 'its version');
      expect(answer.exit).toBe(EXIT.failed);
      expect(onTerminal({ ...answer, text })).toMatchInlineSnapshot(`
       "
       <green>ok  </>  git         its version
       <green>ok  </>  git-lfs     its version
       <green>ok  </>  mirror      http://mirror answers, and takes our token
       <green>ok  </>  connection  connected to Bitbucket Cloud, workspace acme
       <yellow>warn</>  webhook     polling: Neither WEBHOOK_URL nor PUBLIC_URL is set.
                         <dim>→ Changes are found by the sweep alone, a minute late. Let the primary reach PUBLIC_URL (or WEBHOOK_URL), and its token manage webhooks.</>
       <green>ok  </>  PostgreSQL  ok, says the mirror
       <red>fail</>  Redis       away, says the mirror
                         <dim>→ Look at it where the mirror runs; the registry's /readyz and log say more.</>
       <green>ok  </>  clock       agrees with the mirror's to 2 s
       <green>ok  </>  TLS         none, and none needed: http://mirror is this machine alone

       7 ok, 1 to look at, 1 broken
       "
      `);
    });

    it('looks at the machine alone where there is no mirror yet', async () => {
      const answer = await doctor({ data: '/nowhere/at/all' }, SETTINGS, { home: CHECKOUT });
      const { checks } = answer.json as { checks: { check: string; outcome: string; next: string | null }[] };
      expect(checks.map(({ check }) => check)).toEqual([
        ...['git', 'git-lfs', 'Redis', 'PostgreSQL', 'SSH ciphers', 'disk space', 'mirror'],
      ]);
      expect(checks.at(-1)).toMatchObject({ outcome: 'warn', next: expect.stringMatching(/antipode up/) });
    });
  });

  it('is not well where the mirror that was named cannot be looked at', async () => {
    const named = { url: mirror.url, tokenFile: '/nowhere/at/all' };
    await expect(doctor(named, SETTINGS, { home: CHECKOUT })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  describe('verify and reclone', () => {
    const repair = async (how: 'verify' | 'reclone', waiting = true) => {
      const lines: string[] = [];
      const say = (line: string): number => lines.push(line);
      const options = { waiting, say, pollMs: 1 };
      const answer = await repairRepositories(client, how, ['storefront'], options);
      return { lines, answer };
    };

    it('tell what the nodes are doing, and how it ended', async () => {
      const { lines, answer } = await repair('verify');
      expect(mirror.state.repairs).toEqual(['verify acme/storefront']);
      expect(lines).toEqual(['acme/storefront: Looking through all objects.']);
      expect(piped(answer)).toMatchInlineSnapshot(`
       "
       acme/storefront: whole. All refs and objects are as they should be.
       "
      `);
      expect(answer.exit).toBe(EXIT.ok);
      expect(piped(await showRepository(client, 'storefront', NOW))).toContain(
        'verified  ok, 1m ago: All refs and objects are as they should be.',
      );
    });

    it('end with 1 where it failed, and take an outcome of before for none', async () => {
      await repair('verify');
      mirror.state.outcome = { state: 'failed', message: 'The primary does not answer.' };
      const { answer } = await repair('reclone');
      expect(piped(answer)).toMatchInlineSnapshot(`
       "
       acme/storefront: failed. The primary does not answer.
       "
      `);
      expect(answer.exit).toBe(EXIT.failed);
    });

    it('leave at once where nobody wants to wait', async () => {
      const { lines, answer } = await repair('reclone', false);
      expect({ lines, text: piped(answer) }).toEqual({ lines: [], text: '\nacme/storefront: asked for\n' });
      expect(mirror.state.repairs).toEqual(['reclone acme/storefront']);
    });
  });

  describe('a policy of a project', () => {
    it('is shown, and changed where something is named', async () => {
      expect(piped(await projectPolicy(client, 'WEB', {}))).toMatchInlineSnapshot(`
       "
       WEB (Web shop)
         freshness    bounded:30
         large files  the mirror's default
       "
      `);
      const changed = await projectPolicy(client, 'DATA', { freshness: null, lfsPrefetch: 'off' });
      expect(piped(changed)).toMatchInlineSnapshot(`
       "
       DATA (Data), not mirrored: this waits until it is
         freshness    the mirror's default
         large files  brought when somebody asks for them
       "
      `);
      expect(mirror.state.policies).toMatchObject({
        WEB: { freshness: 'bounded:30' },
        DATA: { freshness: null, lfsPrefetch: 'off' },
      });
      expect(await failure(projectPolicy(client, 'NOPE', {}))).toMatch(/^5 There is no project NOPE/);
    });

    it('takes words that the mirror knows', () => {
      expect(['strict', 'event', 'bounded:5', 'default'].map(parseFreshness)).toEqual([
        ...['strict', 'event', 'bounded:5', null],
      ]);
      for (const wrong of ['bounded', 'bounded:0', 'bounded:1.5', ''])
        expect(() => parseFreshness(wrong)).toThrow(/bounded:<seconds>/);
      expect(['on', 'off', 'default'].map(parsePrefetch)).toEqual(['on', 'off', null]);
      expect(() => parsePrefetch('yes')).toThrow(/on, off or default/);
    });
  });

  describe('webhooks', () => {
    const url = 'https://ci.example/hook';
    const secret = 'a-secret-of-some-length';

    it('are added, listed, tried and removed', async () => {
      expect(piped(await listWebhooks(client))).toMatch(/Nobody is told/);
      const added = await addWebhook(client, url, { secret, events: EVENTS });
      expect(piped(added)).toBe('\nAdded hook-1. Try it: antipode webhooks ping hook-1\n');
      expect(JSON.stringify(added.json)).not.toContain(secret);
      expect(piped(await listWebhooks(client))).toMatchInlineSnapshot(`
       "
       ID      STATE   EVENTS                                         URL
       hook-1  active  mirror:repo_synchronized, mirror:repo_failing  https://ci.example/hook
       "
      `);
      expect(await pingWebhook(client, 'hook-1')).toMatchObject({ exit: EXIT.ok });
      mirror.state.listener = null;
      const lost = await pingWebhook(client, 'hook-1');
      expect({ exit: lost.exit, text: piped(lost) }).toEqual({
        exit: EXIT.failed,
        text: '\nNot delivered: connect ECONNREFUSED\n',
      });
      await removeWebhook(client, 'hook-1');
      expect(mirror.state.webhooks).toEqual([]);
      expect(await failure(removeWebhook(client, 'hook-1'))).toBe('5 There is no such webhook.');
    });
  });

  it('knows its siblings', async () => {
    expect(onTerminal(await listMirrors(client, NOW))).toMatchInlineSnapshot(`
     "
     <dim>MIRROR</>            <dim>REGION</>  <dim>STATE</>        <dim>ASKED</>    <dim>URL</>
     tokyo (this one)  Asia    <green>available</>    -        https://mirror.example
     lisbon            -       <red>unreachable</>  20s ago  https://lisbon.example
     "
    `);
  });

  it('has a form that programs can hold on to', async () => {
    const answers = {
      'projects list': await listProjects(client),
      'projects add': await addProjects(client, ['WEB']),
      'projects remove': await removeProjects(client, ['WEB'], { dryRun: true }),
      'repos list': await listRepositories(client, {}),
      'repos sync': await syncRepositories(client, ['storefront']),
      'repos verify': await repairRepositories(client, 'verify', ['storefront'], {
        ...{ waiting: false, say: () => undefined },
      }),
      'projects policy': await projectPolicy(client, 'WEB', {}),
      'webhooks list': await listWebhooks(client),
      mirrors: await listMirrors(client),
      'clone-url': await cloneUrl(client, 'storefront', {}),
      status: await status({ url: mirror.url }, SETTINGS),
      doctor: await doctor({ url: mirror.url }, SETTINGS, { home: CHECKOUT }),
    };
    const keys = Object.entries(answers).map(([name, { json }]) => [
      name,
      Object.keys(json as object).join(' '),
    ]);
    expect(Object.fromEntries(keys)).toMatchInlineSnapshot(`
     {
       "clone-url": "path clone push insteadOf commands",
       "doctor": "ok checks",
       "mirrors": "mirrors",
       "projects add": "selection",
       "projects list": "mode projects",
       "projects policy": "project policy",
       "projects remove": "dryRun removed selection",
       "repos list": "total repositories",
       "repos sync": "repositories",
       "repos verify": "repositories",
       "status": "running message data parts mirror",
       "webhooks list": "webhooks",
     }
    `);
  });

  describe('a mirror that cannot be asked', () => {
    const asking = (url: string, token?: string): Promise<string> =>
      failure(new MirrorClient({ url, token, tokenFrom: token && 'the file /token' }).projects());

    it('is told from one that does not take the token, and from what is no mirror', async () => {
      expect(await asking('http://127.0.0.1:1', TOKEN)).toMatchInlineSnapshot(
        `"3 The mirror at http://127.0.0.1:1 does not answer (bad port). Is it running, and is that its address? \`antipode doctor\` looks closer."`,
      );
      expect(await asking(mirror.url, 'wrong')).toMatchInlineSnapshot(
        `"4 The mirror at http://mirror does not take the token from the file /token. It is the ADMIN_TOKEN of the mirror's registry (a house of \`antipode up\` keeps it in secrets/admin-token of its data folder); name a file that holds it with --token-file (\`connect\`: --admin-token-file)."`,
      );
      expect(await asking(mirror.url)).toMatchInlineSnapshot(
        `"4 The mirror at http://mirror wants a token, and none is given. It is the ADMIN_TOKEN of the mirror's registry (a house of \`antipode up\` keeps it in secrets/admin-token of its data folder); name a file that holds it with --token-file (\`connect\`: --admin-token-file)."`,
      );
      expect(await asking(`${mirror.url}/elsewhere`, TOKEN)).toMatchInlineSnapshot(
        `"3 There is no Antipode mirror at http://mirror/elsewhere."`,
      );
    });
  });
});
