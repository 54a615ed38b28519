import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { processesStarted } from '@antipode/git-process';
import { git, localRefs, runCommand } from '@antipode/testing';
import { GivenEdge } from './given-edge.js';
import { GivenSsh, type GivenKey } from './given-ssh.js';

let edge: GivenEdge;
let ssh: GivenSsh;
let ann: GivenKey;
let stranger: GivenKey;

beforeAll(async () => {
  edge = await GivenEdge.open({ settings: { FRESHNESS: 'bounded:3600', SSH_KEY_CACHE_SECONDS: '300' } });
  ssh = new GivenSsh(edge);
  ann = await ssh.known('ann');
  stranger = await ssh.key('stranger');
  await edge.add();
});
afterAll(() => edge[Symbol.asyncDispose]());

const lastCommand = () => edge.logs.filter(({ door }) => door === 'ssh').at(-1);

describe('somebody whose key is linked', () => {
  it('is greeted by name, and told what this is', async () => {
    const { code, output } = await ssh.run([ann], []);
    expect(output).toContain('Hello, ann. This is Antipode');
    expect(output).toContain('git clone ssh://');
    expect(code).toBe(1);
  });

  it.each([0, 1, 2] as const)('clones whole repositories in version %i', async (protocol) => {
    const target = join(edge.folder, `clone-${protocol}`);
    await ssh.git([ann], ['clone', '--quiet', '--mirror', ssh.url(), target], { protocol });
    expect(await localRefs(target)).toEqual(await localRefs(edge.mirrors.origin()));
    await ssh.git([ann], ['fsck', '--strict'], { cwd: target });
    expect(lastCommand()).toMatchObject({ command: 'git-upload-pack', status: 0, source: 'git', protocol });
  });

  it.each([0, 1, 2] as const)('lists refs in version %i without a process', async (protocol) => {
    await ssh.git([ann], ['ls-remote', ssh.url()], { protocol });
    const before = processesStarted();
    const said = await ssh.git([ann], ['ls-remote', ssh.url()], { protocol });
    expect(processesStarted()).toBe(before);
    expect(said).toBe(await git(['ls-remote', edge.mirrors.origin()]));
  });
});

describe('a guest', () => {
  it('is told how to come in', async () => {
    const { code, stderr } = await ssh.tryGit([stranger], ['ls-remote', ssh.url()]);
    expect(code).toBe(128);
    expect(stderr).toContain('/-/link');
  });
});

describe('an allowed, fresh look at the refs', () => {
  it('shows the fingerprints of the host keys on the page of the HTTP door', async () => {
    const page = await fetch(edge.url).then((answer) => answer.text());
    const { output } = await runCommand('ssh-keyscan', ['-p', String(edge.sshPort), '127.0.0.1']);
    const keys = [...output.matchAll(/^\S+ \S+ (AAAA\S+)$/gm)].map(([, key = '']) => key);
    expect(keys).toHaveLength(3);
    for (const key of keys) {
      const hash = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64');
      expect(page).toContain(`SHA256:${hash.replace('=', '')} (`);
    }
  });

  it('starts no process and makes no call, also with every neighbour cut off', async () => {
    const look = (protocol: 0 | 1 | 2) => ssh.git([ann], ['ls-remote', ssh.url()], { protocol });
    const expected = await look(2);
    const before = { processes: processesStarted(), asked: { ...edge.neighbours.asked } };
    await edge.neighbours.close();
    await edge.primary[Symbol.asyncDispose]();
    for (const protocol of [0, 1, 2] as const) {
      expect(await look(protocol)).toBe(expected);
      expect(lastCommand()).toMatchObject({ source: 'memory', protocol, status: 0 });
    }
    expect({ processes: processesStarted(), asked: edge.neighbours.asked }).toEqual(before);
  });
});
