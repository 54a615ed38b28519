import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';

/** What somebody has run on the primary. */
export interface RemoteRun {
  readonly command: string;
  readonly protocol: string | undefined;
}

/** A primary's SSH side: stock git behind ssh2's server, for whoever has one of the keys. */
export class PrimarySshServer implements AsyncDisposable {
  /** Public keys (base64) that come in. */
  readonly keys = new Set<string>();
  readonly runs: RemoteRun[] = [];
  /** The folder with `acme/widget.git`. */
  root = '';
  /** The next command: "silent" never answers, "cut" loses the connection in the middle. */
  behaviour: 'good' | 'refuse' | 'silent' | 'cut' = 'good';
  private readonly hostKey = ssh2.utils.generateKeyPairSync('ed25519');
  private readonly server = new ssh2.Server({ hostKeys: [this.hostKey.private] });
  private readonly clients = new Set<Connection>();

  static async open(): Promise<PrimarySshServer> {
    const primary = new PrimarySshServer();
    primary.server.on('connection', (client) => primary.meet(client));
    primary.server.listen(0, '127.0.0.1');
    await once(primary.server, 'listening');
    return primary;
  }

  get url(): string {
    return `ssh://git@127.0.0.1:${this.port}`;
  }

  /** A line of known_hosts. */
  get knownHosts(): string {
    const [type = '', key = ''] = this.hostKey.public.split(' ');
    return `[127.0.0.1]:${this.port} ${type} ${key}\n`;
  }

  get connections(): number {
    return this.clients.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.end();
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }

  private get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  private meet(client: Connection): void {
    this.clients.add(client);
    client.on('close', () => this.clients.delete(client));
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      const isKnown = context.method === 'publickey' && this.keys.has(context.key.data.toString('base64'));
      if (isKnown) context.accept();
      else context.reject(['publickey']);
    });
    client.on('session', (accept) => {
      const session = accept();
      let protocol: string | undefined;
      session.on('env', (yes, _, { key, val }) => {
        if (key === 'GIT_PROTOCOL') protocol = val;
        (yes as (() => void) | undefined)?.();
      });
      session.on('exec', (yes, _, { command }) => {
        this.runs.push({ command, protocol });
        this.run(client, yes(), command, protocol);
      });
    });
  }

  private run(
    client: Connection,
    channel: ServerChannel,
    command: string,
    protocol: string | undefined,
  ): void {
    const [, service = '', path = ''] = /^git-(upload-pack|receive-pack) '\/(.*)'$/.exec(command) ?? [];
    if (this.behaviour === 'silent') return;
    if (this.behaviour === 'refuse') {
      channel.stderr.write('conq: repository does not exist.\n');
      channel.exit(1);
      return void channel.end();
    }
    const git = spawn('git', [service, join(this.root, path)], {
      env: { ...process.env, ...(protocol ? { GIT_PROTOCOL: protocol } : {}) },
    });
    channel.pipe(git.stdin).on('error', () => undefined);
    git.stdout.pipe(channel, { end: false });
    git.stderr.pipe(channel.stderr, { end: false });
    if (this.behaviour === 'cut' && service === 'receive-pack') {
      channel.once('data', () => {
        git.kill('SIGKILL');
        client.end();
      });
    }
    git.on('close', (code) => {
      channel.exit(code ?? 128);
      channel.end();
    });
  }
}
