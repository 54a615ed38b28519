import { readFile } from 'node:fs/promises';
import ssh2 from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  authorizeAs,
  eventually,
  lsRemote,
  makeSshKey,
  openScratch,
  overSsh,
  runSsh,
  tryGit,
  type GitResult,
  type Scratch,
  type SshKeyPair,
} from '@antipode/testing';
import { Browser, LINK, linkAccount } from '../src/browser.js';
import {
  KEY_CACHE_MS,
  KEY_READ_MS,
  SELECTED,
  sharedHouse,
  VERDICT_MS,
  type Neighbourhood,
} from '../src/neighbourhood.js';
import { primaryRefs } from '../src/same-as-primary.js';
import { connectSsh } from '../src/ssh-connection.js';
import { SshPerson } from '../src/ssh-person.js';

/** What two busy cores may need for one login and one question. */
const SLACK_MS = 6000;
/** Each list of access keys is read again after this long; a key that was not known when it knocked, sooner. */
const ACCESS_KEY_READ_MS = 120_000;

let here: Neighbourhood;
let scratch: Scratch;
let walter: SshPerson;
/** A repository that walter may read, and rita, but no stranger. */
let url: string;

/** What CI systems clone with; the mirror learns of them with the project that they are of. */
let accessKeys: { readonly repository: SshKeyPair; readonly project: SshKeyPair };
const PROJECT = 'OPS';

async function giveAccessKeys(): Promise<typeof accessKeys> {
  const { workspace } = here.house;
  await here.sim.control('POST', `/workspaces/${workspace}/projects`, { key: PROJECT, isPrivate: true });
  for (const slug of ['deployed', 'not-deployed']) {
    await here.sim.create(`${workspace}/${slug}`, PROJECT);
    await here.sim.commit(`${workspace}/${slug}`, { files: { 'a.txt': slug } });
  }
  const [repository, project] = await Promise.all(
    ['access-repository', 'access-project'].map((name) => makeSshKey(scratch.path, name)),
  );
  if (!repository || !project) throw new Error('no keys');
  await here.sim.addDeployKey(`${workspace}/deployed`, repository.publicKey, 'ci');
  await here.sim.addDeployKey({ workspace, project: PROJECT }, project.publicKey, 'ci');
  await here.mirror.select([...SELECTED, PROJECT]);
  return { repository, project };
}

beforeAll(async () => {
  here = await sharedHouse('calm');
  scratch = await openScratch();
  walter = await SshPerson.linked(here, 'writer', scratch);
  url = here.house.sshUrl('checkout-api');
  accessKeys = await giveAccessKeys();
  await walter.untilIn();
}, 240_000);

afterEach(() => here.sim.heal());

afterAll(async () => {
  await walter[Symbol.asyncDispose]();
  await here.mirror.select(SELECTED);
  for (const slug of ['deployed', 'not-deployed']) await here.sim.remove(`${here.house.workspace}/${slug}`);
  await scratch[Symbol.asyncDispose]();
});

const listAs = (key: SshKeyPair, target = url): Promise<GitResult> =>
  tryGit(['ls-remote', target], { env: overSsh({ key: key.path, desk: true }) });

const isIn = async (key: SshKeyPair, target = url): Promise<boolean> =>
  (await listAs(key, target)).code === 0;

/** Waits until this key opens, or does not open, a repository. */
const until = (state: 'in' | 'out', key: SshKeyPair, timeoutMs: number, target = url): Promise<boolean> =>
  eventually(async () => (await isIn(key, target)) === (state === 'in'), {
    timeoutMs: timeoutMs + SLACK_MS,
    everyMs: 200,
  });

describe('the link page', () => {
  it('links nobody by a form that another site has sent', async () => {
    const victim = new Browser(here.house.demo.mirror.url);
    await victim.open(LINK);
    for (const fields of [{}, { csrf: 'guessed' }]) {
      expect(await victim.post(LINK, fields)).toMatchObject({ status: 400 });
      expect(await victim.post(`${LINK}/unlink`, fields)).toMatchObject({ status: 400 });
    }
  });

  it('links nobody who comes back from a sign-in that another browser began', async () => {
    const [attacker, victim] = [1, 2].map(() => new Browser(here.house.demo.mirror.url));
    const sent = await attacker?.press(await attacker.open(LINK), LINK);
    const back = await authorizeAs(here.house.user('reader'), (sent as { to: string }).to);
    await victim?.open(LINK);
    expect(await victim?.open(back)).toMatchObject({
      status: 400,
      html: expect.stringContaining('not begun here'),
    });
  });

  it('links nobody who says no', async () => {
    const browser = new Browser(here.house.demo.mirror.url);
    const sent = await browser.press(await browser.open(LINK), LINK);
    const back = await authorizeAs(here.house.user('reader'), (sent as { to: string }).to, 'deny');
    expect((await browser.open(back)).html).toContain('Nothing was linked');
  });

  it('cannot be framed, runs no script, and is kept by nobody', async () => {
    const { headers } = await fetch(new URL(LINK, here.house.demo.mirror.url));
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.getSetCookie().join()).toMatch(/HttpOnly; SameSite=Lax/);
  });
});

describe('a key', () => {
  it('is only a claim: whoever offers that of another and signs with their own stays out', async () => {
    const own = await makeSshKey(scratch.path, 'impostor');
    const theirs = ssh2.utils.parseKey(walter.pair.publicKey) as ssh2.ParsedKey;
    const mine = ssh2.utils.parseKey(await readFile(own.path)) as ssh2.ParsedKey;
    await expect(connectSsh(here, new Impostor(theirs, mine))).rejects.toThrow(/authentication/i);
    // With a proof, the same way leads in.
    await using proved = await connectSsh(here, await readFile(walter.pair.path));
    expect(proved.client).toBeDefined();
  });

  it('that is added at the primary works here by itself, and is out again once it is removed there', async () => {
    const pair = await makeSshKey(scratch.path, 'second');
    expect(await isIn(pair)).toBe(false);
    const { uuid } = await here.sim.addSshKey(walter.username, pair.publicKey);
    await until('in', pair, KEY_READ_MS + KEY_CACHE_MS);
    await here.sim.removeSshKey(walter.username, uuid);
    await until('out', pair, KEY_READ_MS + KEY_CACHE_MS);
    expect(await isIn(walter.pair)).toBe(true);
  });

  it('opens what its holder may read, and nothing else', async () => {
    await using sven = await SshPerson.linked(here, 'stranger', scratch);
    await sven.untilIn();
    const handbook = here.house.sshUrl('handbook');
    expect(await lsRemote(handbook, { env: overSsh(sven.identity) })).toEqual(
      await primaryRefs(here, `${here.house.workspace}/handbook`),
    );
    const said = await Promise.all(
      ['checkout-api', 'no-such', 'pipelines'].map(async (slug) => {
        const { code, stdout, stderr } = await listAs(sven.pair, here.house.sshUrl(slug));
        return { code, stdout, stderr: stderr.replaceAll(slug, '…') };
      }),
    );
    expect(new Set(said.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(said[0]).toMatchObject({ code: 128, stdout: '' });
    expect(said[0]?.stderr).toContain('either does not exist or you do not have access');
  });

  it('that nobody has linked gets a page to go to, the same for what exists and what does not', async () => {
    const pair = await makeSshKey(scratch.path, 'unknown');
    const said = await Promise.all(
      ['checkout-api', 'no-such'].map(async (slug) => {
        const { code, stderr } = await listAs(pair, here.house.sshUrl(slug));
        expect(code).toBe(128);
        return stderr.replaceAll(slug, '…');
      }),
    );
    expect(said[0]).toBe(said[1]);
    expect(said[0]).toContain(`${here.house.demo.mirror.url}/-/link`);
    const { output } = await runSsh(here.house.demo.mirror.ssh, { key: pair.path, desk: true });
    expect(output).toContain(`${here.house.demo.mirror.url}/-/link`);
    expect(output).not.toContain('Hello, ');
  });
});

/** Offers one key and signs with another. */
class Impostor extends ssh2.BaseAgent {
  constructor(
    private readonly claimed: ssh2.ParsedKey,
    private readonly held: ssh2.ParsedKey,
  ) {
    super();
  }

  override getIdentities(done: ssh2.IdentityCallback): void {
    done(null, [this.claimed]);
  }

  override sign(
    _key: unknown,
    data: Buffer,
    options: ssh2.SigningRequestOptions | ssh2.SignCallback,
    done?: ssh2.SignCallback,
  ): void {
    const callback = typeof options === 'function' ? options : done;
    const signature = this.held.sign(data);
    if (signature instanceof Error) callback?.(signature);
    else callback?.(null, signature);
  }
}

describe('a linked account', () => {
  it('is out once its permission is revoked at the primary, and in again when it is linked again', async () => {
    await using rita = await SshPerson.linked(here, 'reader', scratch);
    await until('in', rita.pair, KEY_READ_MS);
    await here.sim.control('DELETE', `/users/${rita.username}/grants`);
    await until('out', rita.pair, VERDICT_MS + KEY_READ_MS + KEY_CACHE_MS);
    const { stderr } = await listAs(rita.pair);
    expect(stderr).toContain('/-/link');
    // The same person over HTTPS is not affected.
    await lsRemote(here.house.url('checkout-api'), { as: here.house.credential('reader') });

    await linkAccount(here, 'reader');
    await until('in', rita.pair, KEY_READ_MS + KEY_CACHE_MS + VERDICT_MS);
  });

  it('is out once it is unlinked', async () => {
    await using rita = await SshPerson.linked(here, 'reader', scratch);
    await until('in', rita.pair, KEY_READ_MS);
    await rita.unlink();
    await until('out', rita.pair, VERDICT_MS + KEY_CACHE_MS);
    expect((await listAs(rita.pair)).stderr).toContain('/-/link');
  });

  it('is asked of the primary as itself: whose right is taken away there is out here', async () => {
    await using rita = await SshPerson.linked(here, 'reader', scratch);
    await until('in', rita.pair, KEY_READ_MS);
    const grant = `/workspaces/${here.house.workspace}/projects/WEB/users/${rita.username}`;
    await here.sim.control('PUT', grant, { permission: null });
    try {
      await until('out', rita.pair, VERDICT_MS);
    } finally {
      await here.sim.control('PUT', grant, { permission: 'read' });
    }
  });
});

describe('an access key', () => {
  it('of a repository opens that one for reading, and no other', async () => {
    await until('in', accessKeys.repository, ACCESS_KEY_READ_MS, here.house.sshUrl('deployed'));
    const other = await listAs(accessKeys.repository, here.house.sshUrl('not-deployed'));
    const missing = await listAs(accessKeys.repository, here.house.sshUrl('not-deplayed'));
    expect(other.code).not.toBe(0);
    expect(other.stderr).toBe(missing.stderr.replaceAll('not-deplayed', 'not-deployed'));
  }, 180_000);

  it('of a project opens the repositories of that project', async () => {
    await until('in', accessKeys.project, ACCESS_KEY_READ_MS, here.house.sshUrl('deployed'));
    expect(await isIn(accessKeys.project, here.house.sshUrl('not-deployed'))).toBe(true);
    expect(await isIn(accessKeys.project, here.house.sshUrl('checkout-api'))).toBe(false);
  }, 180_000);
});
