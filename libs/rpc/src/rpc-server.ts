import { Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { AntipodeError } from '@antipode/errors';
import { serverCredentials, type RpcConfig } from './credentials.js';

const DRAIN_MS = 5000;

/** A gRPC server with the standard health service, started and stopped by Nest's lifecycle hooks of its owner. */
export class RpcServer {
  private readonly server = new Server({
    // A quiet stream (WatchRepositories) must not be cut by a proxy, nor outlive a peer that is gone.
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.keepalive_permit_without_calls': 1,
  });
  private readonly health = new HealthImplementation({ '': 'NOT_SERVING' });
  /** Known after `listen`. */
  port = 0;

  /** @param address "host:port"; port 0 lets the kernel choose. */
  constructor(
    private readonly address: string,
    private readonly config: RpcConfig = {},
  ) {
    this.health.addToServer(this.server);
  }

  add(service: ServiceDefinition, handlers: UntypedServiceImplementation): this {
    this.server.addService(service, handlers);
    return this;
  }

  /** @throws AntipodeError `internal` where the address is taken. */
  async listen(): Promise<void> {
    this.port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(this.address, serverCredentials(this.config), (error, port) => {
        if (error)
          reject(
            new AntipodeError(
              'internal',
              'opening the gRPC port',
              { address: this.address },
              { cause: error, hint: `Cannot listen on ${this.address} (gRPC).` },
            ),
          );
        else resolve(port);
      });
    });
    this.health.setStatus('', 'SERVING');
  }

  /** Lets running calls end for a few seconds, then ends them. */
  async close(): Promise<void> {
    this.health.setStatus('', 'NOT_SERVING');
    const timer = setTimeout(() => this.server.forceShutdown(), DRAIN_MS);
    await new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()));
    clearTimeout(timer);
  }
}
