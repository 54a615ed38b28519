import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  git,
  localRefs,
  makeSshKey,
  openScratch,
  tryGit,
  withoutHead,
  type Role,
  type Scratch,
} from '@antipode/testing';
import { handsFor, ownHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { fromOurDisk, primaryRefs } from '../src/same-as-primary.js';
import { WebBrowser, type Visitor } from '../src/web-browser.js';

const BOTH = ['light', 'dark'] as const;
/** Olivia's second workspace. */
const OTHER = 'globex';

let here: Neighbourhood;
let browser: WebBrowser;
let scratch: Scratch;
let olivia: Visitor;
let rita: Visitor;
const visitors: Visitor[] = [];

beforeAll(async () => {
  scratch = await openScratch();
  const house = await ownHouse('pages', { args: ['--unconnected'] });
  here = handsFor(house);
  browser = await WebBrowser.open(house.demo.mirror.url);
  olivia = await arrive();
  rita = await arrive();
  await makeOtherWorkspace();
}, 240_000);

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await here?.house.stop();
  await scratch?.[Symbol.asyncDispose]();
});

afterEach(() => {
  for (const visitor of visitors) visitor.expectNoComplaints();
});

async function arrive(options: { javaScript?: boolean } = {}): Promise<Visitor> {
  const visitor = await browser.visitor(options);
  visitors.push(visitor);
  return visitor;
}

async function makeOtherWorkspace(): Promise<void> {
  const { sim } = here;
  await sim.control('POST', '/workspaces', { slug: OTHER, owner: 'olivia' });
  await sim.control('POST', `/workspaces/${OTHER}/projects`, { key: 'ROCKET', name: 'Rockets' });
  await sim.create(`${OTHER}/engine`, 'ROCKET');
  await sim.commit(`${OTHER}/engine`, { files: { 'README.md': 'It burns.\n' } });
}

/** On the primary's own page: who they are, and yes. */
async function consent(visitor: Visitor, role: Role): Promise<void> {
  const { page } = visitor;
  const { username, apiToken } = here.house.user(role);
  await page.locator('select[name=username]').selectOption(username);
  await page.locator('input[name=password]').fill(apiToken);
  await visitor.press('Grant access');
}

/** From wherever they are, by the page that asks for it. */
async function signIn(visitor: Visitor, role: Role, back = '/-/'): Promise<void> {
  await visitor.open(`/-/sign-in?return=${encodeURIComponent(back)}`);
  await visitor.press('Sign in with Bitbucket');
  await consent(visitor, role);
  expect(visitor.path).toBe(back);
}

/** What administrators of the machine have in a file. */
async function giveAdminToken(visitor: Visitor): Promise<void> {
  await visitor.page.getByLabel('Admin token').fill(here.house.demo.mirror.adminToken);
  await visitor.press('Sign in');
}

const connection = (): Promise<{ state: string; workspace: string | null }> =>
  here.mirror.ask('GET', '/connection');

const pathsOn = async ({ page }: Visitor): Promise<string[]> =>
  page.locator('tr[data-repository] th a').allInnerTexts();

describe('from nothing to a mirror', () => {
  it('offers to connect, whoever opens its base URL', async () => {
    await olivia.open('/');
    expect(olivia.path).toBe('/-/');
    expect(await olivia.text()).toContain('It is not connected to any workspace yet.');
    await olivia.portray('unconnected', BOTH);
  });

  it('asks who one is at the primary, and for the admin token of its own', async () => {
    await olivia.press('Connect to Bitbucket');
    await consent(olivia, 'owner');
    expect(olivia.path).toBe('/-/connect');
    await olivia.portray('choose-workspace');
    await olivia.follow(olivia.page.locator('li', { hasText: here.house.workspace }).getByRole('link'));
    expect(olivia.path).toBe('/-/sign-in');
    await olivia.page.getByText('With the admin token').click();
    await olivia.portray('sign-in');
    await giveAdminToken(olivia);
    expect(new URL(olivia.page.url()).search).toBe(`?workspace=${here.house.workspace}`);
  });

  it('says what will be granted, and connects though its registry is killed before and after', async () => {
    expect(await olivia.text()).toMatch(/It may[^]*What happens then/);
    await olivia.portray('review-connection');
    await here.house.crash('registry');
    await olivia.page.getByRole('button', { name: `Connect to ${here.house.workspace}` }).click({
      noWaitAfter: true,
    });
    await eventually(async () => (await connection()).state !== 'unconnected');
    await here.house.crash('registry');
    await eventually(async () => (await connection()).state === 'connected', { timeoutMs: 30_000 });
    // Its window may have seen nobody there for a moment.
    await olivia.open('/-/projects');
    olivia.forgiven();
    await eventually(async () => (await here.sim.state()).hooks.filter(({ active }) => active).length === 1);
  });

  it('lets one project be chosen, and shows it coming while one looks on', async () => {
    await olivia.page.getByRole('checkbox', { name: /^Web shop/ }).check();
    await olivia.portray('projects');
    await olivia.press('Review the change');
    expect(await olivia.text()).toContain('Comes to the mirror');
    await olivia.portray('review-projects');
    await here.sim.withFaults({ latencyMs: { git: 400 } }, async () => {
      await olivia.press('Apply');
      await olivia.page.evaluate('window.sameDocument = true');
      await olivia.page.getByText('4 of 4 in sync').waitFor({ timeout: 40_000 });
    });
    expect(await olivia.page.evaluate('window.sameDocument')).toBe(true);
    await olivia.portray('projects-filled');
    await olivia.open('/-/');
    await olivia.portray('overview', BOTH);
  });

  it('gives a project a policy of its own', async () => {
    await olivia.open('/-/projects/WEB');
    await olivia.page.getByLabel('Large files (LFS)').selectOption('off');
    await olivia.press('Save');
    expect(await olivia.text()).toContain('Saved');
    await olivia.portray('project');
    const { values } = await here.mirror.ask<{ values: unknown[] }>('GET', '/projects');
    expect(values).toContainEqual(
      expect.objectContaining({ key: 'WEB', policy: { freshness: null, lfsPrefetch: 'off' } }),
    );
  });
});

describe('a repository', () => {
  const slug = 'storefront';

  it('is found, and says how to clone it: what is copied is what git takes', async () => {
    await olivia.open('/-/repositories');
    await olivia.portray('repositories');
    await olivia.follow(olivia.page.getByRole('link', { name: `${here.house.workspace}/${slug}` }));
    await olivia.portray('repository', BOTH);
    expect(await olivia.text()).toMatch(/in sync as of \d+ s ago/);

    expect(await copied()).toBe(`git clone ${here.house.url(slug)}`);
    await olivia.page.getByText('SSH', { exact: true }).click();
    expect(await copied()).toBe(`git clone ${here.house.sshUrl(slug)}`);
    await olivia.page.getByText('HTTPS', { exact: true }).click();
    await olivia.page.getByLabel('Clone from').selectOption('primary');
    expect(await copied()).toBe(`git clone ${here.house.primaryUrl(slug)}`);
    await olivia.page.getByLabel('Clone from').selectOption('this');

    const sourcetree = olivia.page.locator('.way:visible').getByRole('link', { name: 'Clone in Sourcetree' });
    expect(await sourcetree.getAttribute('href')).toBe(`sourcetree://cloneRepo/${here.house.url(slug)}`);

    const [, ...words] = (await copied()).split(' ');
    const to = scratch.file('clone');
    await git([...words, '--quiet', '--mirror', to], { as: here.house.credential('reader') });
    expect(withoutHead(await localRefs(to))).toEqual(withoutHead(await primaryRefs(here, slug)));
  });

  async function copied(): Promise<string> {
    await olivia.page.locator('.way:visible').getByRole('button').click();
    return olivia.page.evaluate<string>('navigator.clipboard.readText()');
  }

  it('gives machines a line by which they use the mirror for every URL of the primary', async () => {
    await olivia.page.getByText('Machines and CI').click();
    const line = await olivia.page.locator('code', { hasText: 'insteadOf' }).first().innerText();
    const [, here_, there] = /url\."([^"]+)"\.insteadOf "([^"]+)"/.exec(line) ?? [];
    const config = [[`url.${here_ ?? ''}.insteadOf`, there ?? '']] as const;
    const url = here.house.primaryUrl(slug);
    const to = scratch.file('machine');
    await fromOurDisk(here, `${here.house.workspace}/${slug}`, () =>
      git(['clone', '--quiet', url, to], { as: here.house.credential('reader'), config }),
    );
    expect(await git(['config', 'remote.origin.url'], { cwd: to })).toBe(url);
  });

  it('is what a browser lands on that opens a clone URL', async () => {
    expect(await olivia.open(here.house.url(slug))).toBe(200);
    expect(olivia.path).toBe(`/-/repositories/${here.house.workspace}/${slug}`);
  });
});

describe('whoever looks', () => {
  beforeAll(async () => {
    await here.mirror.select(['WEB', 'DATA', 'PUB']);
    await here.mirror.untilSynced();
  });

  it('sees as a member what they may read, and not how it is run', async () => {
    const key = await makeSshKey(scratch.path, 'rita');
    const { fingerprint } = await here.sim.addSshKey('rita', key.publicKey);
    await signIn(rita, 'reader', '/-/repositories');
    const { workspace } = here.house;
    const web = ['checkout-api', 'design-system', 'playground', 'storefront'];
    expect(await pathsOn(rita)).toEqual(
      ['checkout-api', 'design-system', 'handbook', ...web.slice(2)].map((one) => `${workspace}/${one}`),
    );
    expect(await rita.open(`/-/repositories/${workspace}/warehouse`)).toBe(404);
    expect(await rita.open('/-/projects')).toBe(403);
    await rita.open('/-/');
    await rita.portray('member');

    await rita.open('/-/link');
    expect(await rita.text()).toContain(`SHA256:${fingerprint}`);
    await rita.portray('account');
  });

  it('sees as nobody, and as a stranger, what is public', async () => {
    const nobody = await arrive();
    const sven = await arrive();
    await signIn(sven, 'stranger');
    for (const visitor of [nobody, sven]) {
      await visitor.open('/-/repositories');
      expect(await pathsOn(visitor)).toEqual([`${here.house.workspace}/handbook`]);
      expect(await visitor.open(`/-/repositories/${here.house.workspace}/storefront`)).toBe(404);
    }
    await nobody.portray('not-there');
    await nobody.open('/-/');
    await nobody.portray('anonymous');
  });

  it('sees as an administrator what the mirror has done lately', async () => {
    await olivia.open('/-/activity');
    await eventually(async () => {
      await olivia.open('/-/activity');
      return (await olivia.text()).includes(`${here.house.workspace}/storefront`);
    });
    await olivia.portray('activity', BOTH);
  });
});

describe('the end, and another beginning', () => {
  it('warns, and wants the workspace typed', async () => {
    await olivia.open('/-/');
    await olivia.follow(olivia.page.getByRole('link', { name: 'Disconnect…' }));
    await olivia.portray('disconnect');
    await olivia.page.getByLabel(`Type ${here.house.workspace} to confirm`).fill('acne');
    await olivia.press('Disconnect');
    expect(await olivia.text()).toContain('Nothing was changed.');
    expect(await connection()).toMatchObject({ state: 'connected' });
  });

  it('serves nobody any more then, tells members where to go, and takes its webhook back', async () => {
    await olivia.page.getByLabel(`Type ${here.house.workspace} to confirm`).fill(here.house.workspace);
    await olivia.press('Disconnect');
    await eventually(async () => (await connection()).state === 'unconnected', { timeoutMs: 20_000 });
    const as = here.house.credential('reader');
    const { code, stderr } = await tryGit(['ls-remote', here.house.url('storefront')], { as });
    expect(code).not.toBe(0);
    expect(stderr).toContain(`This mirror is no longer connected to ${here.house.workspace}`);
    expect((await here.sim.state()).hooks).toEqual([]);
    // The page that is open learns of it by itself.
    await olivia.page.getByText(`The copy of ${here.house.workspace} is still here`).waitFor();
    await olivia.portray('disconnected');
  });

  it('connects to another workspace, and chooses, with links and forms alone', async () => {
    const plain = await arrive({ javaScript: false });
    await plain.open('/');
    await plain.press('Connect to Bitbucket');
    await consent(plain, 'owner');
    await plain.follow(plain.page.locator('li', { hasText: OTHER }).getByRole('link'));
    await plain.page.getByText('With the admin token').click();
    await giveAdminToken(plain);
    expect(await plain.text()).toContain(`The copy of ${here.house.workspace} will be deleted`);
    await plain.press(`Connect to ${OTHER}`);
    await eventually(async () => (await connection()).state === 'connected', { timeoutMs: 20_000 });
    await plain.open('/-/projects');
    await plain.page.getByRole('checkbox', { name: /^Rockets/ }).check();
    await plain.press('Review the change');
    await plain.press('Apply');
    await here.mirror.untilSynced(`${OTHER}/engine`);
    await plain.open(`/-/repositories/${OTHER}/engine`);
    const commands = await plain.page.locator('.way code').allInnerTexts();
    expect(commands).toContain(`git clone ${here.house.url(`${OTHER}/engine`)}`);

    const to = scratch.file('engine');
    await git(['clone', '--quiet', here.house.url(`${OTHER}/engine`), to], {
      as: here.house.credential('owner'),
    });
    expect(await git(['show', 'HEAD:README.md'], { cwd: to })).toBe('It burns.');
  });
});
