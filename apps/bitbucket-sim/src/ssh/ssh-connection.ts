import type { Socket } from 'node:net';
import type { AuthContext, Connection, Session } from 'ssh2';
import type { KeyHolder } from '../access/principal.js';
import { holderOf, noteUse } from '../keys/key-ring.js';
import { fingerprintOf } from '../keys/public-key.js';
import type { Simulator } from '../simulator.js';
import { provesKey } from './prove-key.js';
import { runSshCommand } from './run-ssh-command.js';

/** One client: it proves a key, and then asks for as many commands as it likes. */
export class SshConnection {
  #holder: KeyHolder | undefined;

  constructor(
    private readonly sim: Simulator,
    private readonly client: Connection,
    private readonly socket: Socket,
  ) {
    // A client that goes away in the middle is no news.
    client.on('error', () => socket.destroy());
    client.on('authentication', (context) => this.#authenticate(context));
    client.on('session', (accept) => this.#openSession(accept()));
  }

  #authenticate(context: AuthContext): void {
    if (context.method !== 'publickey' || context.username !== 'git') return this.#refuse(context);
    const { state } = this.sim.store;
    const fingerprint = fingerprintOf(context.key.data);
    const holder = holderOf(state, fingerprint);
    if (!holder) return this.#refuse(context);
    // The client only asks whether this key would do. Anybody can ask that.
    if (!context.signature) return context.accept();
    const registered = holder.kind === 'deploy-key' ? holder.key : holder.key.key;
    if (!provesKey(context, registered)) return this.#refuse(context);
    this.#holder = holder;
    this.socket.once(
      'close',
      this.sim.live.add(() => this.socket.destroy(), fingerprint),
    );
    if (noteUse(state, fingerprint)) this.sim.store.touch();
    this.sim.counters.sshLogin('accepted');
    context.accept();
  }

  #refuse(context: AuthContext): void {
    // Every client begins with `none`, to hear what there is.
    if (context.method !== 'none') this.sim.counters.sshLogin('refused');
    context.reject(['publickey']);
  }

  #openSession(session: Session): void {
    let protocol: string | undefined;
    // Replies are wanted by some clients only, in spite of the types.
    const reply = (answer: (() => unknown) | undefined): void => void answer?.();
    session.on('env', (accept, reject, { key, val }) => {
      if (key !== 'GIT_PROTOCOL') return reply(reject);
      protocol = val;
      return reply(accept);
    });
    session.on('pty', (_accept, reject) => reply(reject));
    // Accepted in this very moment: what the client sends before that would be lost.
    session.on('shell', (accept) => this.#run(accept(), undefined, undefined));
    session.on('exec', (accept, _reject, { command }) => this.#run(accept(), command, protocol));
  }

  #run(channel: SshChannel, command: string | undefined, protocol: string | undefined): void {
    const holder = this.#holder;
    if (!holder) return void this.client.end();
    const cut = (): void => void this.socket.destroy();
    runSshCommand(this.sim, { channel, holder, command, protocol, cut }).catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      cut();
    });
  }
}

type SshChannel = Parameters<typeof runSshCommand>[1]['channel'];
