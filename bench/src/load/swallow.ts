import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

export interface DownloadJob {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Clients at once, each on a connection of its own. */
  readonly clients: number;
}

export interface DownloadResult {
  /** Until the last one has all of it. */
  readonly seconds: number;
  /** Bytes of bodies, as many as were announced. */
  readonly bytes: number;
}

/** @throws Error where anything but a whole 200 comes. */
export async function downloadAll(job: DownloadJob): Promise<DownloadResult> {
  const begun = performance.now();
  const sizes = await Promise.all(Array.from({ length: job.clients }, () => swallow(job)));
  return {
    seconds: (performance.now() - begun) / 1000,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

/**
 * GETs over a bare socket, into one buffer that is used again and again: a client that costs next to nothing, so that
 * the two servers are compared and not the client with itself.
 */
function swallow({ url, headers }: DownloadJob): Promise<number> {
  const { hostname, port, pathname, search, host } = new URL(url);
  const fields = { ...headers, host, connection: 'close' };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    const answer = new Answer();
    const socket: Socket = connect({
      host: hostname,
      port: Number(port),
      onread: {
        buffer: Buffer.allocUnsafeSlow(512 * 1024),
        callback: (length, buffer) => {
          answer.take(Buffer.from(buffer.buffer, buffer.byteOffset, length));
          return true;
        },
      },
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (answer.isWhole) resolve(answer.announced);
      else reject(new Error(`${url.split('?')[0]}: ${answer.says}`));
    });
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${head.join('')}\r\n`);
  });
}

/** No more of HTTP than two servers need whose answers have a Content-Length. */
class Answer {
  announced = 0;
  private received = 0;
  private head = '';
  private inBody = false;

  take(bytes: Buffer): void {
    if (this.inBody) {
      this.received += bytes.length;
      return;
    }
    this.head += bytes.toString('latin1');
    const end = this.head.indexOf('\r\n\r\n');
    if (end < 0) return;
    this.received = this.head.length - end - 4;
    this.head = this.head.slice(0, end);
    this.announced = Number(/^content-length: *(\d+)/im.exec(this.head)?.[1]);
    this.inBody = true;
  }

  get isWhole(): boolean {
    return this.head.startsWith('HTTP/1.1 200') && this.received === this.announced;
  }

  get says(): string {
    return `${this.head.split('\r\n')[0]}; ${this.received} of ${this.announced} bytes`;
  }
}
