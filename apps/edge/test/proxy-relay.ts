import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

/** A proxy of the fourth layer: it says a header, then copies bytes. What it says can be changed between connections. */
export class ProxyRelay implements AsyncDisposable {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** Bytes that are sent before all others. */
    public header: Buffer,
    private readonly from: string,
  ) {}

  /** @param from the address that it has itself */
  static async open(port: number, header: Buffer, from = '127.0.0.1'): Promise<ProxyRelay> {
    const server = createServer({ allowHalfOpen: true });
    const relay = new ProxyRelay(server, header, from);
    server.on('connection', (client) => relay.carry(client, port));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private carry(client: Socket, port: number): void {
    const onward = connect({ port, host: '127.0.0.1', localAddress: this.from, allowHalfOpen: true });
    for (const socket of [client, onward]) {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    }
    onward.write(this.header);
    pipeline(client, onward, () => undefined);
    pipeline(onward, client, () => undefined);
  }
}
