import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import type { Transform } from 'node:stream';
import { Audience } from './audience.js';
import { killGroup } from './kill-group.js';
import type { OpenPush } from './open-push.js';
import { gitEnvironment } from './run-git.js';

export interface CgiRequest {
  readonly projectRoot: string;
  /** `/<uuid>.git/info/refs` */
  readonly pathInfo: string;
  readonly query: string;
  readonly user: string | undefined;
  /** The value of Git-Protocol to pass on; undefined forces v0. */
  readonly protocol: string | undefined;
  readonly config: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  /** Streams that count (and may cut) the bodies. */
  readonly meterIn: Transform;
  readonly meterOut: Transform;
  /** Absent for everything that moves no refs. */
  readonly push: Pick<OpenPush, 'dies' | 'record'> | undefined;
}

/** CGI headers are a few hundred bytes. */
const MAX_HEAD = 16 * 1024;

/**
 * Answers one request by the stock `git http-backend`. Both directions stream with backpressure. A reader that goes away
 * takes the whole process group with it; a push whose pack has arrived goes through without its pusher.
 */
export async function serveByHttpBackend(
  req: IncomingMessage,
  res: ServerResponse,
  cgi: CgiRequest,
): Promise<void> {
  // A process group of its own, because http-backend starts upload-pack, which starts pack-objects.
  const child = spawn('git', ['http-backend'], { env: environment(req, cgi), stdio: 'pipe', detached: true });
  const closed = once(child, 'close');
  const audience = new Audience(res);
  const leave = (): void => (cgi.push ? void child.stdin.destroy() : killGroup(child));
  res.once('close', leave);
  if (cgi.push?.dies) audience.leave();
  child.stderr.resume();
  try {
    // git may stop reading before the client stops sending; that alone is no failure.
    const sending = pipeline(req, cgi.meterIn, child.stdin).catch(() => undefined);
    const rest = await answerHead(child, res);
    // curl quietly sends a request again when an old connection ends without a byte.
    if (cgi.push?.dies) res.flushHeaders();
    if (rest.length > 0) cgi.meterOut.write(rest);
    await pipeline(child.stdout, cgi.meterOut, audience);
    await Promise.all([closed, sending]);
    // Whoever sees a push answered sees its effects.
    await cgi.push?.record();
    if (cgi.push?.dies) res.destroy();
    else res.end();
  } catch (error) {
    // Half an answer must reach the client as a broken body, never as a clean end.
    if (res.headersSent || cgi.push?.dies) res.destroy();
    else throw error;
  } finally {
    res.off('close', leave);
    killGroup(child);
    await closed.catch(() => undefined);
  }
}

/** Reads the CGI head (RFC 3875 §6), writes status and headers, and returns the first bytes of the body. */
async function answerHead(child: ChildProcessWithoutNullStreams, res: ServerResponse): Promise<Buffer> {
  let seen: Buffer = Buffer.alloc(0);
  for (;;) {
    const end = seen.indexOf('\r\n\r\n');
    if (end >= 0) {
      writeHead(res, seen.subarray(0, end).toString('latin1'));
      return seen.subarray(end + 4);
    }
    if (seen.length > MAX_HEAD) throw new Error('git http-backend sent no headers');
    const chunk = await nextChunk(child);
    if (chunk === undefined) throw new Error('git http-backend ended before its headers');
    seen = Buffer.concat([seen, chunk]);
  }
}

async function nextChunk(child: ChildProcessWithoutNullStreams): Promise<Buffer | undefined> {
  for (;;) {
    const chunk = child.stdout.read() as Buffer | null;
    if (chunk !== null) return chunk;
    if (child.stdout.readableEnded || child.stdout.destroyed) return undefined;
    await Promise.race([once(child.stdout, 'readable'), once(child.stdout, 'end')]);
  }
}

function writeHead(res: ServerResponse, head: string): void {
  let status = 200;
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else if (colon > 0) res.setHeader(name, value);
  }
  res.statusCode = status;
}

function environment(req: IncomingMessage, cgi: CgiRequest): NodeJS.ProcessEnv {
  const { headers } = req;
  // Told a length, http-backend waits for it for ever, busily, where the pusher goes away before (git 2.39); not told, it
  // lets receive-pack read until the end.
  const length = headers['content-length'];
  return {
    ...gitEnvironment(cgi.config),
    ...cgi.environment,
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REQUEST_METHOD: req.method ?? 'GET',
    GIT_PROJECT_ROOT: cgi.projectRoot,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: cgi.pathInfo,
    QUERY_STRING: cgi.query,
    REMOTE_ADDR: req.socket.remoteAddress ?? '',
    ...(cgi.user === undefined ? {} : { REMOTE_USER: cgi.user }),
    ...(headers['content-type'] === undefined ? {} : { CONTENT_TYPE: headers['content-type'] }),
    ...(length === undefined || cgi.push ? {} : { CONTENT_LENGTH: length }),
    ...(headers['content-encoding'] === undefined
      ? {}
      : { HTTP_CONTENT_ENCODING: headers['content-encoding'] }),
    ...(cgi.protocol === undefined ? {} : { GIT_PROTOCOL: cgi.protocol }),
  };
}
