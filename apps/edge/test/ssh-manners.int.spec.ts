import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ssh2, { type Client, type ClientChannel } from 'ssh2';
import { FLUSH, readPackets, writeCommandRequest } from '@antipode/git-wire';
import { descendants, eventually, git, localRefs, runCommand } from '@antipode/testing';
import { SshDoor } from '../src/ssh/ssh-door.js';
import { GivenEdge } from './given-edge.js';
import { GivenSsh, type GivenKey } from './given-ssh.js';

let edge: GivenEdge;
let ssh: GivenSsh;
let ann: GivenKey;
const LARGE = 'acme/large';
/** Of hex, so the pack has half of it: more than all buffers between git and a client that does not read. */
const LARGE_BYTES = 28 * 1024 * 1024;

beforeAll(async () => {
  edge = await GivenEdge.open({
    settings: {
      FRESHNESS: 'bounded:3600',
      SSH_SESSIONS_PER_CONNECTION: '4',
      SSH_COMMANDS_PER_PRINCIPAL: '6',
    },
  });
  ssh = new GivenSsh(edge);
  ann = await ssh.known('ann');
  await edge.add();
  await edge.add(LARGE, {
    shape: { commits: 24, branches: 1, tags: 1, noise: { bytes: LARGE_BYTES / 24, every: 1 } },
  });
});
afterAll(() => edge[Symbol.asyncDispose]());

const lastCommand = () => edge.logs.filter(({ door }) => door === 'ssh').at(-1);
const LS_REFS = writeCommandRequest({
  command: 'ls-refs',
  capabilities: new Map(),
  args: ['ref-prefix refs/heads/main'],
});
const upload = (path = 'acme/widget') => `git-upload-pack '/${path}.git'`;

/** A client of which every step is a test's own. */
async function connectAs(key: GivenKey): Promise<Client & AsyncDisposable> {
  const client = new ssh2.Client();
  client.on('error', () => undefined);
  client.connect({
    host: '127.0.0.1',
    port: edge.sshPort,
    username: 'git',
    privateKey: await readFile(key.file),
  });
  await once(client, 'ready');
  return Object.assign(client, {
    async [Symbol.asyncDispose]() {
      const closed = once(client, 'close');
      client.destroy();
      await closed;
    },
  });
}

const statuses = new WeakMap<ClientChannel, number | null>();

const exec = (client: Client, command: string, protocol = 2): Promise<ClientChannel> =>
  new Promise((resolve, reject) => {
    const env = protocol === 0 ? {} : { GIT_PROTOCOL: `version=${protocol}`, LD_PRELOAD: '/tmp/evil.so' };
    client.exec(command, { env }, (error, channel) => {
      if (error) return reject(error);
      // It may come with the same bytes as the answer to "exec".
      channel.once('exit', (code: number | null) => statuses.set(channel, code));
      resolve(channel);
    });
  });

interface Heard {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly status: number | null;
}

async function hear(channel: ClientChannel): Promise<Heard> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  channel
    .on('data', (chunk: Buffer) => stdout.push(chunk))
    .stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  await once(channel, 'close');
  const status = statuses.get(channel) ?? null;
  return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString(), status };
}

describe('what is not git', () => {
  it.each([
    ['uname -a', 127, 'nothing else'],
    ["git-upload-archive '/acme/widget.git'", 127, 'nothing else'],
    ["git-upload-pack '/acme/widget.git'; id", 127, 'nothing else'],
    ['git-lfs-authenticate acme/widget.git verify', 127, 'nothing else'],
    ['git-lfs-transfer acme/widget.git upload', 1, 'LFS'],
  ])('"%s" gets one sentence', async (command, status, words) => {
    const { code, output } = await ssh.run([ann], [command]);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).toContain(words);
    expect(code).toBe(status);
  });

  it('a terminal shows the greeting line by line', async () => {
    const { output, code } = await ssh.run([ann], [], '-tt');
    expect(output).toContain('Hello, ann.');
    expect(output).toContain('\r\n');
    expect(code).toBe(1);
  });

  it('a file transfer gets one sentence', async () => {
    const { output } = await ssh.run([ann], ['sftp'], '-s');
    expect(output).toContain('no file transfer');
  });

  it('no port is forwarded in either direction', async () => {
    await using client = await connectAs(ann);
    await expect(
      new Promise((resolve, reject) =>
        client.forwardOut('127.0.0.1', 1, '127.0.0.1', edge.sshPort, (error, channel) =>
          error ? reject(error) : resolve(channel),
        ),
      ),
    ).rejects.toThrow('open failure');
    await expect(
      new Promise((resolve, reject) =>
        client.forwardIn('127.0.0.1', 0, (error, port) => (error ? reject(error) : resolve(port))),
      ),
    ).rejects.toThrow('Unable to bind');
  });
});

describe('a conversation', () => {
  it('answers several questions on one channel, and ends at the flush', async () => {
    await using client = await connectAs(ann);
    const channel = await exec(client, upload());
    const heard = hear(channel);
    channel.write(Buffer.concat([LS_REFS, LS_REFS.subarray(0, 7)]));
    channel.write(Buffer.concat([LS_REFS.subarray(7), FLUSH]));
    const { stdout, status } = await heard;
    const text = stdout.toString();
    expect(text.match(/refs\/heads\/main/g)).toHaveLength(2);
    expect(status).toBe(0);
  });

  it('ends well where the client says nothing more', async () => {
    await using client = await connectAs(ann);
    const channel = await exec(client, upload());
    channel.end();
    expect((await hear(channel)).status).toBe(0);
  });

  it.each([
    ['bytes that are none of git', 'GET / HTTP/1.1\r\n\r\n'],
    ['a packet that is cut short', '0040command=ls'],
    ['a command that there is not', '0010command=rm\n0000'],
  ])('ends with a sentence after %s', async (_, text) => {
    await using client = await connectAs(ann);
    const channel = await exec(client, upload());
    channel.end(text);
    const { stdout, status } = await hear(channel);
    const last = [...readPackets(stdout)].at(-1);
    expect(last?.kind === 'data' ? last.data.toString() : '').toContain(
      'ERR This is not what git says here.',
    );
    expect(status).toBe(128);
  });

  it('goes on while keys are exchanged anew', async () => {
    const target = join(edge.folder, 'rekeyed');
    await ssh.git([ann], ['clone', '--quiet', '--mirror', ssh.url(LARGE), target], {}, '-o', 'RekeyLimit=4M');
    expect(await localRefs(target)).toEqual(await localRefs(edge.mirrors.origin(LARGE)));
  });

  it('is bounded in number by connection and by principal', async () => {
    await using client = await connectAs(ann);
    await using second = await connectAs(ann);
    for (let i = 0; i < 4; i += 1) await exec(client, upload());
    await expect(exec(client, upload())).rejects.toThrow('open failure');
    for (let i = 0; i < 2; i += 1) await exec(second, upload());
    const { stdout, status } = await hear(await exec(second, upload()));
    expect(stdout.toString()).toContain('too many commands');
    expect(status).toBe(128);
  });
});

describe('a clone', () => {
  const gitProcesses = async () =>
    (await descendants(process.pid)).filter(({ argv }) => argv.includes('upload-pack'));
  const want = async () => {
    const tip = await git(['rev-parse', 'main'], { cwd: edge.mirrors.origin(LARGE) });
    return writeCommandRequest({ command: 'fetch', capabilities: new Map(), args: [`want ${tip}`, 'done'] });
  };

  it('waits for a client that does not read, in bounded memory, and its git ends with the client', async () => {
    const client = await connectAs(ann);
    const channel = await exec(client, upload(LARGE));
    channel.on('error', () => undefined);
    // A window without an end: only the socket can hold the door back.
    const internals = client as unknown as {
      _sock: { pause(): void };
      _protocol: Record<string, (...of: number[]) => void>;
    };
    internals._protocol['channelWindowAdjust']?.(
      (channel as unknown as { outgoing: { id: number } }).outgoing.id,
      2 ** 31 - 1,
    );
    channel.write(await want());
    internals._sock.pause();
    await eventually(async () => (await gitProcesses()).length > 0);
    const before = process.memoryUsage().rss;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(process.memoryUsage().rss - before).toBeLessThan(LARGE_BYTES / 2);
    expect(await gitProcesses()).not.toEqual([]);
    client.destroy();
    await eventually(async () => (await gitProcesses()).length === 0);
    await eventually(() => lastCommand()?.['code'] === 'cancelled');
  });

  it('ends with its channel, although the connection lives on', async () => {
    await using client = await connectAs(ann);
    const channel = await exec(client, upload(LARGE));
    channel.on('error', () => undefined);
    channel.write(await want());
    await eventually(async () => (await gitProcesses()).length > 0);
    channel.close();
    await eventually(async () => (await gitProcesses()).length === 0);
    expect((await hear(await exec(client, 'nothing'))).status).toBe(127);
  });
});

describe('clients other than OpenSSH', () => {
  const isInstalled = async (program: string) =>
    (await runCommand('sh', ['-c', `command -v ${program}`])).code === 0;

  it('work where they are installed: plink, dbclient', async () => {
    const target = (name: string) => join(edge.folder, `clone-by-${name}`);
    const clone = (name: string, variant: string, command: string) =>
      git(['clone', '--quiet', '--mirror', ssh.url(), target(name)], {
        // They send no environment.
        protocol: 0,
        env: { GIT_SSH_COMMAND: command, GIT_SSH_VARIANT: variant, HOME: edge.folder },
      });
    const tried: string[] = [];
    if (await isInstalled('plink')) {
      const ppk = join(edge.folder, 'ann.ppk');
      await runCommand('puttygen', [ann.file, '-O', 'private', '-o', ppk]);
      const page = await fetch(edge.url).then((answer) => answer.text());
      const hostKey = /SHA256:\S+(?= \(ED25519\))/.exec(page)?.[0] ?? '';
      await clone('plink', 'plink', `plink -batch -i ${ppk} -hostkey ${hostKey}`);
      tried.push('plink');
    }
    if (await isInstalled('dbclient')) {
      const key = join(edge.folder, 'ann.dropbear');
      await runCommand('dropbearconvert', ['openssh', 'dropbear', ann.file, key]);
      await clone('dbclient', 'ssh', `dbclient -y -y -i ${key}`);
      tried.push('dbclient');
    }
    for (const name of tried)
      expect(await localRefs(target(name))).toEqual(await localRefs(edge.mirrors.origin()));
  });
});

describe('a door that closes', () => {
  it('lets a running command come to its end, and takes no new one', async () => {
    const client = await connectAs(ann);
    const channel = await exec(client, upload());
    const heard = hear(channel);
    const idle = await connectAs(ann);
    const idleGone = once(idle, 'close');
    const closed = edge.app.get(SshDoor).beforeApplicationShutdown();
    await idleGone;
    const refused = await hear(await exec(client, upload()));
    expect(refused.stdout.toString()).toContain('is being restarted');
    channel.write(Buffer.concat([LS_REFS, FLUSH]));
    const { stdout, status } = await heard;
    expect(stdout.toString()).toContain('refs/heads/main');
    expect(status).toBe(0);
    await closed;
  });
});
