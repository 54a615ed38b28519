import { openScratch, type GitCredential } from '@antipode/testing';
import { startSimulator, type RunningSimulator } from '../src/start-simulator.js';

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined where it is no JSON. */
  readonly json: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- answers are what the test is about
}

interface User {
  readonly username: string;
  readonly email: string;
  readonly apiToken: string;
  readonly uuid: string;
  readonly accountId: string;
}

export interface Ask {
  readonly as?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A simulator with its sample on a port of its own, asked over real sockets. */
export class SimUnderTest implements AsyncDisposable {
  #users = new Map<string, User>();
  mirrorToken = '';

  private constructor(
    private running: RunningSimulator,
    readonly data: string,
    private readonly gone: () => PromiseLike<void>,
  ) {}

  static async open(): Promise<SimUnderTest> {
    const scratch = await openScratch();
    const data = scratch.file('data');
    const sim = new SimUnderTest(await start(data), data, () => scratch[Symbol.asyncDispose]());
    await sim.learn();
    return sim;
  }

  /** As after a stop and a start: same data, new process. */
  async restart(): Promise<void> {
    await this.running.close();
    this.running = await start(this.data);
    await this.learn();
  }

  get url(): string {
    return this.running.url;
  }

  user(name: string): User {
    const user = this.#users.get(name);
    if (!user) throw new Error(`no user ${name}`);
    return user;
  }

  /** Who git is, by a user's name; `mirror` is the workspace's access token. */
  git(name: string): GitCredential {
    if (name === 'mirror') return { username: 'x-token-auth', password: this.mirrorToken };
    return { username: name, password: this.user(name).apiToken };
  }

  get ssh(): string {
    return this.running.simulator.ssh.url;
  }

  repository(path: string): string {
    return `${this.url}/${path}.git`;
  }

  /** A REST request under `/2.0`; a full URL (a page link) is taken as it is. */
  async rest(method: string, path: string, ask: Ask = {}): Promise<RestAnswer> {
    const url = path.startsWith('http') ? path : `${this.url}/2.0${path}`;
    return request(
      url,
      method,
      { ...(ask.as === undefined ? {} : { authorization: this.authorization(ask.as) }), ...ask.headers },
      ask.body,
    );
  }

  get(path: string, as?: string): Promise<RestAnswer> {
    return this.rest('GET', path, { as });
  }

  async control(method: string, path: string, body?: unknown): Promise<RestAnswer['json']> {
    const answer = await request(`${this.url}/_sim${path}`, method, {}, body);
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return answer.json;
  }

  async learn(): Promise<void> {
    const state = await this.control('GET', '/state');
    this.mirrorToken = state.mirrorToken;
    this.#users = new Map(state.users.map((user: User) => [user.username, user]));
  }

  authorization(name: string): string {
    if (name === 'mirror') return `Bearer ${this.mirrorToken}`;
    const { email, apiToken } = this.user(name);
    return basic(email, apiToken);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.close();
    await this.gone();
  }
}

export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const start = (data: string): Promise<RunningSimulator> =>
  startSimulator({
    port: 0,
    sshPort: 0,
    mediaPort: 0,
    host: '127.0.0.1',
    data,
    sample: true,
    supervised: false,
  });

async function request(
  url: string,
  method: string,
  headers: Record<string, string>,
  body: unknown,
): Promise<RestAnswer> {
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(url, {
    method,
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
