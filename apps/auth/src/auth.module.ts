import { Module, type DynamicModule } from '@nestjs/common';
import { createPrimary } from '@antipode/primary';
import { AuthMetrics } from './authorize/auth-metrics.js';
import { AuthorizeRpc } from './authorize/authorize.rpc.js';
import { AuthorizeService } from './authorize/authorize.service.js';
import { PRIMARY, PrimaryOracle } from './authorize/primary-oracle.js';
import { CONFIG, type AuthConfig } from './config.js';
import { FailureLimit } from './limits/failure-limit.js';
import { FailuresStore } from './limits/failures.store.js';
import { RedisLink } from './redis/redis-link.js';
import { Names } from './verdicts/names.js';
import { VerdictsStore } from './verdicts/verdicts.store.js';

/** Wiring, and nothing else. */
@Module({})
export class AuthModule {
  static with(config: AuthConfig): DynamicModule {
    return {
      module: AuthModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: PRIMARY, useFactory: () => createPrimary(config) },
        { provide: Names, useFactory: () => new Names(config.SECRET_KEY) },
        AuthMetrics,
        AuthorizeRpc,
        AuthorizeService,
        FailureLimit,
        FailuresStore,
        PrimaryOracle,
        RedisLink,
        VerdictsStore,
      ],
    };
  }
}
