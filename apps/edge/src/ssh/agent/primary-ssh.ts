import ssh2, { type BaseAgent, type Client } from 'ssh2';
import { AntipodeError } from '@antipode/errors';
import { ALGORITHMS } from '../algorithms.js';
import type { KnownHosts } from './known-hosts.js';

export interface PrimarySshOptions {
  /** "ssh://git@bitbucket.org". */
  readonly url: string;
  readonly displayName: string;
  readonly knownHosts: KnownHosts;
  readonly timeoutMs: number;
}

const DEFAULT_PORT = 22;
const KEEPALIVE_MS = 30_000;
/** Host key algorithms by the types of keys. */
const ALGORITHMS_OF: Readonly<Record<string, readonly string[]>> = {
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** Connections to the primary's own SSH side, with somebody's agent. */
export class PrimarySsh {
  private readonly host: string;
  private readonly port: number;
  private readonly username: string;

  constructor(private readonly options: PrimarySshOptions) {
    const { hostname, port, username } = new URL(options.url);
    this.host = hostname.replace(/^\[|\]$/g, '');
    this.port = port === '' ? DEFAULT_PORT : Number(port);
    this.username = username || 'git';
  }

  /**
   * @throws AntipodeError `primary_unavailable`; `unauthenticated` where the primary knows none of the agent's keys;
   *   `primary_misbehaved` where it does not show the key that it must have.
   */
  connect(agent: BaseAgent): Promise<Client> {
    const { host, port, username } = this;
    const { knownHosts, timeoutMs } = this.options;
    const client = new ssh2.Client();
    let isStranger = false;
    return new Promise((resolve, reject) => {
      // Stays for the connection's life: an error after the login ends its channels, and they tell.
      client.on('error', (error: Error & { level?: string }) => reject(this.meaningOf(error, isStranger)));
      client.once('close', () => reject(this.meaningOf({}, isStranger)));
      client.once('ready', () => resolve(client));
      client.connect({
        host,
        port,
        username,
        agent,
        authHandler: ['agent'],
        readyTimeout: timeoutMs,
        keepaliveInterval: KEEPALIVE_MS,
        algorithms: { ...ALGORITHMS, serverHostKey: this.hostKeyAlgorithms() } as never,
        hostVerifier: (key: Buffer) => {
          isStranger = !knownHosts.knows(host, port, key);
          return !isStranger;
        },
      });
    });
  }

  /** A host that has several keys must show one that is known here. */
  private hostKeyAlgorithms(): string[] {
    const types = this.options.knownHosts.typesOf(this.host, this.port);
    const wanted = new Set(types.flatMap((type) => ALGORITHMS_OF[type] ?? [type]));
    const known = ALGORITHMS.serverHostKey.filter((name) => wanted.has(name));
    return known.length > 0 ? known : [...ALGORITHMS.serverHostKey];
  }

  private meaningOf({ level }: { level?: string }, isStranger: boolean): AntipodeError {
    const { displayName } = this.options;
    if (isStranger)
      return new AntipodeError(
        'primary_misbehaved',
        "checking the primary's SSH host key",
        { host: this.host, port: this.port },
        {
          hint: `${displayName} showed an SSH host key that this mirror does not know. Its administrator has to look at it.`,
        },
      );
    if (level === 'client-authentication' || level === 'agent')
      return new AntipodeError(
        'unauthenticated',
        'signing in with a forwarded agent',
        {},
        { hint: `${displayName} knows none of the keys in the agent that you forward.` },
      );
    return new AntipodeError('primary_unavailable', 'connecting to the primary over SSH', { level });
  }
}
