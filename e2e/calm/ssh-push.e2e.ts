import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  git,
  lsRemote,
  makeSshKey,
  openScratch,
  overSsh,
  startSshAgent,
  tryGit,
  type GitResult,
  type RunningSshAgent,
  type Scratch,
  type SshIdentity,
  type SshKeyPair,
} from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { primaryRefs, untilEqual } from '../src/same-as-primary.js';
import { SshPerson } from '../src/ssh-person.js';

let here: Neighbourhood;
let scratch: Scratch;
let path: string;
let url: string;
let work: string;
/** An access key of the repository. */
let ci: SshKeyPair;

beforeAll(async () => {
  here = await sharedHouse('calm');
  scratch = await openScratch();
  path = `${here.house.workspace}/pushed-over-ssh`;
  url = here.house.sshUrl(path);
  work = scratch.file('work');
  await here.sim.create(path, 'WEB');
  ci = await makeSshKey(scratch.path, 'ci');
  await here.sim.addDeployKey(path, ci.publicKey, 'ci');
  await here.sim.commit(path, { branch: 'main', files: { 'a.txt': 'a' } });
  await here.mirror.untilSynced(path);
  await untilEqual(here, path, 30_000);
  await git(['clone', '--quiet', here.house.url(path), work], { as: here.house.credential('owner') });
  await git(['remote', 'set-url', 'origin', url], { cwd: work });
}, 240_000);

afterEach(() => here.sim.heal());

afterAll(async () => {
  await here.sim.remove(path);
  await scratch[Symbol.asyncDispose]();
});

/** @returns its oid */
async function commit(message: string): Promise<string> {
  await git(['commit', '--quiet', '--allow-empty', '--message', message], { cwd: work });
  return git(['rev-parse', 'HEAD'], { cwd: work });
}

/** What somebody else sees at once through the mirror, though nothing but the push tells it. */
async function seenOverHttp(): Promise<Record<string, string>> {
  const seen = await lsRemote(here.house.url(path), { as: here.house.credential('reader') });
  expect(seen).toEqual(await primaryRefs(here, path));
  return seen;
}

describe('a linked account', () => {
  let walter: SshPerson;

  beforeAll(async () => {
    walter = await SshPerson.linked(here, 'writer', scratch);
    await walter.untilIn();
  }, 60_000);

  afterAll(() => walter[Symbol.asyncDispose]());

  const push = (...args: string[]): Promise<GitResult> =>
    walter.tryGit(['push', 'origin', ...args], { cwd: work });

  it.each([0, 2] as const)('pushes as itself, and everybody sees it at once (v%i)', async (protocol) => {
    await here.sim.faults({ webhooks: { drop: 'all' } });
    await here.sim.forgetPushes();
    await seenOverHttp();
    const tip = await commit('Over SSH');
    const { stderr } = await walter.tryGit(['push', '-o', 'quickly', 'origin', 'HEAD:refs/heads/main'], {
      cwd: work,
      protocol,
    });
    expect(stderr).toContain('HEAD -> main');
    expect(await seenOverHttp()).toHaveProperty('refs/heads/main', tip);
    expect(await here.sim.pushes()).toMatchObject([
      { repository: path, by: walter.username, door: 'https', options: ['quickly'] },
    ]);
  });

  it('forces with a lease, tags and deletes', async () => {
    const first = await commit('To be replaced');
    await git(['tag', '--force', 'over-ssh'], { cwd: work });
    await push('HEAD:refs/heads/moved', 'over-ssh');
    await git(['commit', '--quiet', '--amend', '--allow-empty', '--message', 'Replaced'], { cwd: work });
    expect((await push('HEAD:refs/heads/moved')).stderr).toContain('[rejected]');
    const forced = await push(`--force-with-lease=moved:${first}`, 'HEAD:refs/heads/moved');
    expect(forced.stderr).toContain('(forced update)');
    const deleted = await push('--delete', 'moved', 'refs/tags/over-ssh');
    expect(deleted.code).toBe(0);
    expect(Object.keys(await seenOverHttp()).sort()).toEqual(['HEAD', 'refs/heads/main']);
  });

  it('hears the words by which the primary rejects', async () => {
    await here.sim.rejectPushes(path, 'Not on a Sunday.');
    await commit('On a Sunday');
    const before = await primaryRefs(here, path);
    const { code, stderr } = await push('HEAD:refs/heads/main');
    await here.sim.rejectPushes(path, null);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^remote: Not on a Sunday\. *$/m);
    expect(stderr).toMatch(/! \[remote rejected\] HEAD -> main/);
    expect(await primaryRefs(here, path)).toEqual(before);
  });

  it('that may only read is refused by the primary', async () => {
    await using rita = await SshPerson.linked(here, 'reader', scratch);
    await rita.untilIn();
    await rita.git(['ls-remote', url]);
    const before = await primaryRefs(here, path);
    const { code, stderr } = await rita.tryGit(['push', 'origin', 'HEAD:refs/heads/mine'], { cwd: work });
    expect(code).not.toBe(0);
    expect(stderr).toContain('you do not have access');
    expect(await primaryRefs(here, path)).toEqual(before);
  });

  it('is told that it is unknown when the primary dies over a push', async () => {
    const tip = await commit('Lost on the way back');
    const { code, stderr } = await here.sim.withFaults({ pushes: [{ class: 'git', at: 'after-refs' }] }, () =>
      push('HEAD:refs/heads/unknown'),
    );
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/UNKNOWN whether it arrived/);
    expect(await primaryRefs(here, path)).toHaveProperty('refs/heads/unknown', tip);
    await untilEqual(here, path, 30_000);
  });
});

describe('somebody whose account is not linked', () => {
  let walter: SshPerson;
  let agent: RunningSshAgent;

  beforeAll(async () => {
    walter = await SshPerson.withKey(here, 'writer', scratch);
    agent = await startSshAgent(scratch.file('agent'), [walter.pair.path]);
  }, 60_000);

  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await walter[Symbol.asyncDispose]();
  });

  /** `ssh -A` */
  const lending = (): SshIdentity => ({ key: undefined, agent: agent.socket, forwardAgent: true });
  const keeping = (): SshIdentity => ({ key: undefined, agent: agent.socket });

  it('reads and pushes by the agent that they forward', async () => {
    await here.sim.forgetPushes();
    const clone = scratch.file();
    await walter.git(['clone', '--quiet', '--mirror', url, clone], {}, lending());
    await git(['fsck', '--strict', '--no-progress'], { cwd: clone });
    const tip = await commit('By agent');
    const { code, stderr } = await walter.tryGit(
      ['push', 'origin', 'HEAD:refs/heads/by-agent'],
      { cwd: work },
      lending(),
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await seenOverHttp()).toHaveProperty('refs/heads/by-agent', tip);
    expect(await here.sim.pushes()).toMatchObject([{ repository: path, by: walter.username, door: 'ssh' }]);
  });

  it('reads nothing by an agent that the primary does not let in', async () => {
    const stranger = await makeSshKey(scratch.path, 'nobody');
    await using theirs = await startSshAgent(scratch.file('nobody-agent'), [stranger.path]);
    const { code, stdout } = await walter.tryGit(
      ['ls-remote', url],
      {},
      { key: undefined, agent: theirs.socket, forwardAgent: true },
    );
    expect({ failed: code !== 0, stdout }).toEqual({ failed: true, stdout: '' });
  });

  it('is refused without one, with a page to go to and a line that helps', async () => {
    const before = await primaryRefs(here, path);
    await commit('Without an agent');
    const { code, stderr } = await walter.tryGit(
      ['push', 'origin', 'HEAD:refs/heads/refused'],
      { cwd: work },
      keeping(),
    );
    expect(code).not.toBe(0);
    expect(stderr).toContain(`${here.house.demo.mirror.url}/-/link`);
    const [, remote = '', target = ''] = /git remote set-url --push (\S+) (\S+)/.exec(stderr) ?? [];
    expect(await primaryRefs(here, path)).toEqual(before);

    // The line does what it promises, typed as it was printed.
    await git(['remote', 'set-url', '--push', remote, target], { cwd: work });
    await walter.git(['push', '--quiet', 'origin', 'HEAD:refs/heads/refused'], { cwd: work }, keeping());
    await git(['config', '--unset', 'remote.origin.pushurl'], { cwd: work });
    expect(await primaryRefs(here, path)).toHaveProperty('refs/heads/refused');
  });
});

describe('an access key', () => {
  it('reads its repository, and is refused to push with a sentence that helps', async () => {
    const env = overSsh({ key: ci.path, desk: true });
    const before = await primaryRefs(here, path);
    await eventually(() => lsRemote(url, { env }), { timeoutMs: 130_000, everyMs: 300 });
    await commit('By a machine');
    const { code, stderr } = await tryGit(['push', 'origin', 'HEAD:refs/heads/by-a-machine'], {
      cwd: work,
      env,
    });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/access key may only read/i);
    expect(stderr).toContain('/-/link');
    expect(await primaryRefs(here, path)).toEqual(before);
  }, 180_000);
});
