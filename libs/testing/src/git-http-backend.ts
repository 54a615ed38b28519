import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { GitCredential } from './git.js';

/** One answered request, as it came. */
export interface BackendRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Of the answer, its head included. */
  readonly bytes: number;
}

export interface GitHttpBackend extends AsyncDisposable {
  readonly url: string;
  /** Every request since the start, or since somebody emptied it. */
  readonly requests: BackendRequest[];
}

export interface GitHttpBackendOptions {
  /** The folder that holds the repositories, at any depth. */
  readonly root: string;
  /** Who may read and push what; nobody has to say who they are where absent. A text is the sentence of a 403. */
  readonly admits?: (
    who: GitCredential | undefined,
    path: string,
    right: 'read' | 'write',
  ) => boolean | string;
  /** Whether the password is right: 401 rather than 403 where not. Every name is known where absent. */
  readonly knows?: (who: GitCredential) => boolean;
  readonly port?: number;
}

/**
 * A host that speaks smart HTTP and nothing else: Node in front of the stock `git http-backend`, as a web server has it by CGI.
 * Repositories are found by their path, with and without `.git`.
 */
export async function startGitHttpBackend(options: GitHttpBackendOptions): Promise<GitHttpBackend> {
  const requests: BackendRequest[] = [];
  const server = createServer((req, res) => {
    const { socket } = req;
    const before = socket.bytesWritten;
    res.once('close', () =>
      requests.push({
        method: req.method ?? '',
        path: req.url ?? '',
        status: res.statusCode,
        bytes: socket.bytesWritten - before,
      }),
    );
    answer(req, res, options).catch(() => res.destroy());
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  options: GitHttpBackendOptions,
): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://primary');
  const { admits, knows } = options;
  const who = credentialOf(req.headers.authorization);
  const admitted = admits?.(who, decodeURIComponent(url.pathname), rightOf(url)) ?? true;
  if (admitted !== true) {
    const isKnown = who !== undefined && (knows?.(who) ?? true);
    res.writeHead(isKnown ? 403 : 401, {
      'WWW-Authenticate': 'Basic realm="primary"',
      'Content-Type': 'text/plain',
    });
    // Whoever is still sending has to read this.
    req.resume();
    res.end(admitted || 'no');
    return;
  }
  const child = spawn('git', ['http-backend'], {
    env: cgiEnvironment(req, url, options.root),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  res.once('close', () => child.kill());
  const sending = pipeline(req, child.stdin).catch(() => undefined);
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    if (head === undefined) {
      if (!res.write(chunk)) await once(res, 'drain');
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) continue;
    writeHead(res, head.subarray(0, end).toString('latin1'));
    res.write(head.subarray(end + 4));
    head = undefined;
  }
  await sending;
  res.end();
}

const rightOf = (url: URL): 'read' | 'write' =>
  url.pathname.endsWith('/git-receive-pack') || url.searchParams.get('service') === 'git-receive-pack'
    ? 'write'
    : 'read';

function credentialOf(authorization: string | undefined): GitCredential | undefined {
  const [, encoded] = /^Basic (.+)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const [username = '', ...password] = Buffer.from(encoded, 'base64').toString().split(':');
  return { username, password: password.join(':') };
}

/** RFC 3875 §6. */
function writeHead(res: ServerResponse, head: string): void {
  for (const line of head.split('\r\n')) {
    const [name = '', ...value] = line.split(': ');
    if (name.toLowerCase() === 'status') res.statusCode = Number.parseInt(value.join(': '), 10);
    else res.setHeader(name, value.join(': '));
  }
}

function cgiEnvironment(req: IncomingMessage, url: URL, root: string): NodeJS.ProcessEnv {
  const { headers } = req;
  const protocol = headers['git-protocol'];
  const who = credentialOf(headers.authorization);
  return {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REQUEST_METHOD: req.method,
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    REMOTE_ADDR: req.socket.remoteAddress,
    // Set means "authenticated", which is what http-backend wants to know before a push.
    ...(who === undefined ? {} : { REMOTE_USER: who.username }),
    CONTENT_TYPE: headers['content-type'] ?? '',
    ...(headers['content-length'] === undefined ? {} : { CONTENT_LENGTH: headers['content-length'] }),
    ...(headers['content-encoding'] === undefined
      ? {}
      : { HTTP_CONTENT_ENCODING: headers['content-encoding'] }),
    ...(typeof protocol === 'string' ? { GIT_PROTOCOL: protocol } : {}),
  };
}
