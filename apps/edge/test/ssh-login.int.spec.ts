import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import ssh2, {
  type Client,
  type ConnectConfig,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
} from 'ssh2';
import { AntipodeError } from '@antipode/errors';
import { GivenEdge } from './given-edge.js';
import { accessKey, GivenSsh, type GivenKey } from './given-ssh.js';

let edge: GivenEdge;
let ssh: GivenSsh;
let ann: GivenKey;
let mallory: GivenKey;

beforeAll(async () => {
  edge = await GivenEdge.open({
    settings: { SSH_LOGIN_SECONDS: '3', SSH_AUTH_TRIES: '12', SSH_KEY_CACHE_SECONDS: '1' },
  });
  ssh = new GivenSsh(edge);
  ann = await ssh.known('ann');
  mallory = await ssh.key('mallory');
  await edge.add();
});
afterAll(() => edge[Symbol.asyncDispose]());
beforeEach(() => {
  delete edge.neighbours.failing.identifyKey;
});

const parsed = async ({ file }: GivenKey): Promise<ParsedKey> =>
  ssh2.utils.parseKey(await readFile(file)) as ParsedKey;

/** Signs in by hand; resolves to how that ended. */
async function signIn(config: ConnectConfig): Promise<{ came: 'in' | 'not in'; client: Client }> {
  const client = new ssh2.Client();
  const end = new Promise<'in' | 'not in'>((resolve) => {
    client.once('ready', () => resolve('in')).once('error', () => resolve('not in'));
    client.once('close', () => resolve('not in'));
  });
  client.connect({ host: '127.0.0.1', port: edge.sshPort, username: 'git', ...config });
  const came = await end;
  client.end();
  return { came, client };
}

/** Offers one key and signs with another. */
class Impostor extends ssh2.BaseAgent<ParsedKey> {
  hasSigned = false;

  constructor(
    private readonly claimed: ParsedKey,
    private readonly own: ParsedKey,
  ) {
    super();
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(null, [this.claimed]);
  }

  override sign(_: unknown, data: Buffer, options: unknown, callback?: SignCallback): boolean {
    this.hasSigned = true;
    const done = (typeof options === 'function' ? options : callback) as SignCallback;
    done(null, this.own.sign(data));
    return true;
  }
}

describe('a key', () => {
  it('is proved by its signature', async () => {
    const { came } = await signIn({ privateKey: await readFile(ann.file), authHandler: ['publickey'] });
    expect(came).toBe('in');
  });

  it('of somebody else opens nothing to whoever only knows it', async () => {
    const agent = new Impostor(await parsed(ann), await parsed(mallory));
    const { came } = await signIn({ agent, authHandler: ['agent'] });
    // The claim was heard, and the signature asked for.
    expect(agent.hasSigned).toBe(true);
    expect(came).toBe('not in');
    const own = new Impostor(await parsed(ann), await parsed(ann));
    expect((await signIn({ agent: own, authHandler: ['agent'] })).came).toBe('in');
  });

  it('that nobody knows opens nothing, however well it signs', async () => {
    const { came } = await signIn({ privateKey: await readFile(mallory.file), authHandler: ['publickey'] });
    expect(came).toBe('not in');
  });

  it.each(['rsa', 'ecdsa'] as const)('of type %s is taken', async (type) => {
    const key = await ssh.known(`bob-${type}`, { displayName: 'bob' }, type);
    expect((await ssh.run([key], [])).output).toContain('Hello, bob.');
  });

  it('is found among many that nobody knows', async () => {
    const others = await Promise.all(['a', 'b', 'c', 'd'].map((name) => ssh.key(`other-${name}`)));
    expect((await ssh.run([...others, ann], [])).output).toContain('Hello, ann.');
  });

  it('that was taken away opens nothing any more', async () => {
    const key = await ssh.known('carl');
    expect((await ssh.run([key], [])).output).toContain('Hello, carl.');
    edge.neighbours.keys.delete(key.blob);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await ssh.run([key], [])).output).toContain('is linked here');
  });
});

describe('whoever has no known key', () => {
  it('comes in as a guest, is told how to be known, and gets nothing', async () => {
    const { code, output } = await ssh.run([mallory], []);
    expect(output).toContain('None of the SSH keys that you offered is linked here.');
    expect(output).toContain('/-/link');
    expect(code).toBe(1);
  });

  it('hears the same of what is there and what is not', async () => {
    const [real, missing] = await Promise.all(
      ['acme/widget', 'acme/missing'].map(async (path) => {
        const { code, stderr } = await ssh.tryGit([mallory], ['ls-remote', ssh.url(`${path}.git`)]);
        return { code, said: stderr.replaceAll(path, 'PATH') };
      }),
    );
    expect(real).toEqual(missing);
    expect(real?.said).toContain('If the key was added just now, try again in a moment.');
    expect(edge.neighbours.noticed).toEqual(expect.arrayContaining(['acme/widget', 'acme/missing']));
  });

  it('is shown where to push instead', async () => {
    const { stderr } = await ssh.tryGit([mallory], ['push', ssh.url(), 'HEAD:x'], {
      cwd: edge.mirrors.origin(),
    });
    expect(stderr).toContain('git remote set-url --push origin ssh://git@bitbucket.org/acme/widget.git');
  });

  it.each(['password', 'none'] as const)('does not come in by "%s"', async (method) => {
    expect((await signIn({ password: 'open sesame', authHandler: [method] })).came).toBe('not in');
  });

  it('does not come in under another name', async () => {
    expect(
      (await signIn({ username: 'root', tryKeyboard: true, authHandler: ['keyboard-interactive'] })).came,
    ).toBe('not in');
  });

  it('is told where keys cannot be looked up at the moment', async () => {
    edge.neighbours.failing.identifyKey = new AntipodeError('service_unavailable', 'failing on request');
    const { stderr } = await ssh.tryGit([mallory], ['ls-remote', ssh.url()]);
    expect(stderr).toContain('A part of this mirror cannot be reached.');
  });
});

describe('a door that is not to be worn down', () => {
  it('ends a login that tries too often', async () => {
    const keys = await Promise.all(Array.from({ length: 13 }, (_, i) => ssh.key(`try-${i}`)));
    const { code, output } = await ssh.run([...keys, ann], []);
    expect(code).toBe(255);
    expect(output).not.toContain('Hello');
  });

  it('ends connections that come no further, and keeps no half of them', async () => {
    const slow = ['', 'SSH-2.0-slow\r\n', 'GET / HTTP/1.1\r\n\r\n'];
    const ends = slow.map(async (text) => {
      const socket = connect({ port: edge.sshPort, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => undefined);
      socket.write(text);
      socket.resume();
      await once(socket, 'end');
      // Our half stays open; the door's is gone, so that it resets what still comes.
      const closed = new Promise((resolve) => socket.once('close', resolve));
      const timer = setInterval(() => socket.write('.'), 20);
      await closed.finally(() => clearInterval(timer));
    });
    await Promise.all(ends);
  });
});

describe('an access key', () => {
  it('reads and does not write', async () => {
    const key = await ssh.known('deploy', {
      holder: accessKey('repository/1/2'),
      rights: [1],
      displayName: 'CI',
    });
    expect((await ssh.tryGit([key], ['ls-remote', ssh.url()])).code).toBe(0);
    const { code, stderr } = await ssh.tryGit([key], ['push', ssh.url(), 'HEAD:x'], {
      cwd: edge.mirrors.origin(),
    });
    expect(code).not.toBe(0);
    expect(stderr).toContain('may only read');
  });
});
