import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AntipodeError } from '@antipode/errors';
import { git, localRefs } from '@antipode/testing';
import { GivenEdge } from './given-edge.js';
import { GivenSsh, type GivenKey } from './given-ssh.js';

let edge: GivenEdge;
let ssh: GivenSsh;
let ann: GivenKey;
const UNSYNCED = 'acme/unsynced';
const VERSIONS = [0, 1, 2] as const;

beforeAll(async () => {
  edge = await GivenEdge.open({ settings: { FRESHNESS: 'event', OUTAGE_POLICY: 'serve:3600' } });
  ssh = new GivenSsh(edge);
  ann = await ssh.known('ann');
  await edge.add();
  await edge.add(UNSYNCED, { synced: false });
});
afterAll(() => edge[Symbol.asyncDispose]());

const lastCommand = () => edge.logs.filter(({ door }) => door === 'ssh').at(-1);
const folder = (name: string) => join(edge.folder, name);

describe.each([0, 2] as const)('a repository that is not synced yet, in version %i', (protocol) => {
  const url = () => ssh.url(`${UNSYNCED}.git`);
  const passed = { source: 'passthrough', passed_because: 'not_synced', status: 0, protocol };

  it('is cloned from the primary, whole', async () => {
    const target = folder(`passed-${protocol}`);
    await ssh.git([ann], ['clone', '--quiet', '--mirror', url(), target], { protocol });
    expect(await localRefs(target)).toEqual(await localRefs(edge.mirrors.origin(UNSYNCED)));
    await git(['fsck', '--strict'], { cwd: target });
    expect(lastCommand()).toMatchObject(passed);
    expect(edge.neighbours.asked.relayCredential).toBeGreaterThan(0);
  });

  it('lists its refs', async () => {
    expect(await ssh.git([ann], ['ls-remote', url()], { protocol })).toBe(
      await git(['ls-remote', edge.mirrors.origin(UNSYNCED)]),
    );
    expect(lastCommand()).toMatchObject(passed);
  });

  it('is cloned shallow, deepened, and fetched from again', async () => {
    const target = folder(`shallow-${protocol}`);
    const count = () => git(['rev-list', '--count', 'HEAD'], { cwd: target });
    await ssh.git([ann], ['clone', '--quiet', '--depth=1', url(), target], { protocol });
    expect(await count()).toBe('1');
    await ssh.git([ann], ['fetch', '--quiet', '--depth=3'], { cwd: target, protocol });
    expect(Number(await count())).toBeGreaterThan(1);
    await ssh.git([ann], ['fetch', '--quiet', '--unshallow'], { cwd: target, protocol });
    expect(await count()).toBe(
      await git(['rev-list', '--count', 'HEAD'], { cwd: edge.mirrors.origin(UNSYNCED) }),
    );
    await git(['fsck'], { cwd: target });
  });

  it('gives what is new to a clone that has commits of its own', async () => {
    const target = folder(`own-${protocol}`);
    await ssh.git([ann], ['clone', '--quiet', url(), target], { protocol });
    // More than the first sixteen haves, so that the negotiation takes several rounds.
    for (let i = 0; i < 20; i += 1)
      await git(['commit', '--quiet', '--allow-empty', '-m', `own ${i}`], { cwd: target });
    const tip = await edge.mirrors.commit(UNSYNCED, `new-${protocol}`);
    await ssh.git([ann], ['fetch', '--quiet', 'origin'], { cwd: target, protocol });
    expect(await git(['cat-file', '-t', tip], { cwd: target })).toBe('commit');
    await git(['fsck'], { cwd: target });
  });
});

it('is cloned in version 1 as in version 0', async () => {
  const target = folder('passed-1');
  await ssh.git([ann], ['clone', '--quiet', '--mirror', ssh.url(`${UNSYNCED}.git`), target], { protocol: 1 });
  expect(await localRefs(target)).toEqual(await localRefs(edge.mirrors.origin(UNSYNCED)));
  expect(lastCommand()).toMatchObject({ source: 'passthrough', protocol: 1 });
});

describe('where the primary is lost', () => {
  it.each(VERSIONS)('the last epoch stands by the outage policy, in version %i', async (protocol) => {
    const { primary } = edge;
    await ssh.git([ann], ['ls-remote', ssh.url()], { protocol });
    edge.neighbours.failing.ensureFresh = new AntipodeError('primary_unavailable', 'failing on request');
    await edge.mirrors.age(edge.mirrors.selected[0]?.id ?? '', 3_000_000);
    const said = await ssh.git([ann], ['ls-remote', ssh.url()], { protocol });
    expect(said).toContain('refs/heads/main');
    expect(lastCommand()).toMatchObject({ source: 'memory', outage: true });
    expect(primary).toBeDefined();
    delete edge.neighbours.failing.ensureFresh;
  });
});
