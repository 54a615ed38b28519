import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { tmpdir } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, git, localRefs, runCommand } from '@antipode/testing';
import { GivenEdge } from './given-edge.js';
import { GivenSsh, type GivenKey } from './given-ssh.js';
import { PrimarySshServer } from './primary-ssh.js';

let primary: PrimarySshServer;
let edge: GivenEdge;
let ssh: GivenSsh;
let ann: GivenKey;
let folder: string;
let agent: Agent;

/** A real ssh-agent with one key. */
class Agent {
  private constructor(
    readonly socket: string,
    private readonly pid: number,
  ) {}

  static async open(socket: string, key: GivenKey): Promise<Agent> {
    const { output } = await runCommand('ssh-agent', ['-s', '-a', socket], {
      env: { PATH: process.env['PATH'] },
    });
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(output)?.[1]);
    const env = { PATH: process.env['PATH'], SSH_AUTH_SOCK: socket };
    const { code, output: said } = await runCommand('ssh-add', ['-q', key.file], { env });
    if (code !== 0) throw new Error(`ssh-add: ${said}`);
    return new Agent(socket, pid);
  }

  close(): void {
    process.kill(this.pid);
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-ssh-agent-'));
  primary = await PrimarySshServer.open();
  const knownHosts = join(folder, 'known_hosts');
  await writeFile(knownHosts, `# the primary\n${primary.knownHosts}`);
  edge = await GivenEdge.open({
    settings: { FRESHNESS: 'event', PRIMARY_SSH_URL: primary.url, PRIMARY_SSH_KNOWN_HOSTS_FILE: knownHosts },
  });
  primary.root = join(edge.folder, 'primary');
  ssh = new GivenSsh(edge);
  ann = await ssh.key('ann');
  agent = await Agent.open(join(folder, 'agent'), ann);
  primary.keys.add(ann.blob);
  await edge.add('acme/widget');
  await edge.add('acme/unsynced', { synced: false });
});
afterAll(async () => {
  agent.close();
  await edge[Symbol.asyncDispose]();
  await primary[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  primary.behaviour = 'good';
});

const withAgent = () => [
  ...['-o', 'ForwardAgent=yes', '-o', `IdentityAgent=${agent.socket}`],
  ...['-o', 'IdentitiesOnly=no', '-o', 'PreferredAuthentications=publickey,keyboard-interactive'],
];
const tryGit = (args: readonly string[], options: Parameters<GivenSsh['tryGit']>[2] = {}) =>
  ssh.tryGit([], args, options, ...withAgent());
const lastCommand = () => edge.logs.filter(({ door }) => door === 'ssh').at(-1);

describe('somebody who forwards an agent', () => {
  it.each([0, 2] as const)(
    'is served from our copy once the primary let the agent in, in version %i',
    async (protocol) => {
      const target = join(edge.folder, `clone-${protocol}`);
      const before = primary.runs.length;
      const { code, stderr } = await tryGit(['clone', '--quiet', '--mirror', ssh.url(), target], {
        protocol,
      });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(await localRefs(target)).toEqual(await localRefs(edge.mirrors.origin()));
      expect(lastCommand()).toMatchObject({ source: 'git', principal: expect.stringMatching(/^agent-/) });
      expect(primary.runs.slice(before)).toEqual([
        { command: "git-upload-pack '/acme/widget.git'", protocol: 'version=2' },
      ]);
    },
  );

  it('learns nothing where the primary refuses', async () => {
    primary.behaviour = 'refuse';
    const { code, stderr } = await tryGit(['ls-remote', ssh.url()]);
    expect(code).toBe(128);
    expect(stderr).toContain('either does not exist or you do not have access');
  });

  it('is told where the primary does not know the keys', async () => {
    primary.keys.delete(ann.blob);
    const { stderr } = await tryGit(['ls-remote', ssh.url()]);
    primary.keys.add(ann.blob);
    expect(stderr).toContain('knows none of the keys in the agent that you forward');
  });

  it.each([0, 2] as const)(
    'gets the answer of the primary where we have none, in version %i',
    async (protocol) => {
      const target = join(edge.folder, `passed-${protocol}`);
      const { code, stderr } = await tryGit(
        ['clone', '--quiet', '--mirror', ssh.url('acme/unsynced'), target],
        { protocol },
      );
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(await localRefs(target)).toEqual(await localRefs(edge.mirrors.origin('acme/unsynced')));
      expect(lastCommand()).toMatchObject({ source: 'passthrough', passed_because: 'not_synced' });
    },
  );

  it('pushes to the primary, and finds the push here', async () => {
    const work = join(edge.folder, 'work');
    await tryGit(['clone', '--quiet', ssh.url(), work]);
    await git(['commit', '--quiet', '--allow-empty', '-m', 'mine'], { cwd: work });
    const tip = await git(['rev-parse', 'HEAD'], { cwd: work });
    const { code, stderr } = await tryGit(['push', 'origin', 'HEAD:refs/heads/pushed'], { cwd: work });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(lastCommand()).toMatchObject({ command: 'git-receive-pack', push: 'relayed', status: 0 });
    expect(await git(['rev-parse', 'refs/heads/pushed'], { cwd: edge.mirrors.origin() })).toBe(tip);
    const { stdout } = await tryGit(['ls-remote', 'origin', 'refs/heads/pushed'], { cwd: work });
    expect(lastCommand()).toMatchObject({ source: 'memory' });
    expect(stdout).toContain(tip);
  });

  it('is told that nobody knows when a push is lost on its way', async () => {
    const work = join(edge.folder, 'lost');
    await tryGit(['clone', '--quiet', ssh.url(), work]);
    await git(['commit', '--quiet', '--allow-empty', '-m', 'lost'], { cwd: work });
    primary.behaviour = 'cut';
    const { code, stderr } = await tryGit(['push', 'origin', 'HEAD:refs/heads/lost'], { cwd: work });
    expect(code).not.toBe(0);
    expect(stderr).toContain('UNKNOWN');
    expect(lastCommand()).toMatchObject({ push: 'unknown', status: 128 });
  });

  it('leaves no connection to the primary behind', async () => {
    await tryGit(['ls-remote', ssh.url()]);

    await eventually(() => primary.connections === 0);
  });
});
