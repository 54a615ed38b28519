import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { RpcServer } from '@antipode/rpc';
import type { LfsConfig } from './config.js';
import { LFS_CONFIG } from './tokens.js';

/** The gRPC port of this service. It answers the standard health service. */
@Injectable()
export class LfsServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly server: RpcServer;

  constructor(@Inject(LFS_CONFIG) config: LfsConfig) {
    this.server = new RpcServer(config.GRPC_LISTEN, config);
  }

  onApplicationBootstrap(): Promise<void> {
    return this.server.listen();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.server.close();
  }
}
