import { Module, type DynamicModule } from '@nestjs/common';
import { createPrimary } from '@antipode/primary';
import { AccessKeyReader } from './access-keys/access-key-reader.js';
import { AccessKeyRota } from './access-keys/access-key-rota.js';
import { AccessKeySource } from './access-keys/access-key-source.js';
import { AccessKeyTurns } from './access-keys/access-key-turns.js';
import { AccessKeysStore } from './access-keys/access-keys.store.js';
import { CallBudget } from './access-keys/call-budget.js';
import { ConnectionCredentials } from './access-keys/connection.js';
import { SelectedRepositories } from './access-keys/selected-repositories.js';
import { AccountKeys } from './accounts/account-keys.js';
import { AccountTokens } from './accounts/account-tokens.js';
import { AccountsStore } from './accounts/accounts.store.js';
import { KeyReader } from './accounts/key-reader.js';
import { TokensStore } from './accounts/tokens.store.js';
import { AuthCalls } from './authorize/auth-calls.js';
import { AuthMetrics } from './authorize/auth-metrics.js';
import { AuthorizeRpc } from './authorize/authorize.rpc.js';
import { AuthorizeService } from './authorize/authorize.service.js';
import { Inquiries } from './authorize/inquiries.js';
import { PrimaryOracle } from './authorize/primary-oracle.js';
import { PRIMARY } from './authorize/primary.token.js';
import { Sentences } from './authorize/sentences.js';
import { CONFIG, type AuthConfig } from './config.js';
import { Database } from './database/database.js';
import { AccessKeyRights } from './holders/access-key-rights.js';
import { AccountRights } from './holders/account-rights.js';
import { IdentifyService } from './holders/identify.service.js';
import { KeyHolders } from './holders/key-holders.js';
import { KeyMetrics } from './holders/key-metrics.js';
import { RelayCredentials } from './holders/relay-credentials.js';
import { limits } from './limits/limits.js';
import { AccountLinks } from './link/account-links.js';
import { LinkRoutes } from './link/link.routes.js';
import { LinkServer } from './link/link.server.js';
import { LinkService } from './link/link.service.js';
import { SessionsStore } from './link/sessions.store.js';
import { PEOPLE_PROVIDERS } from './people/people.providers.js';
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
        ...limits,
        ...PEOPLE_PROVIDERS,
        AccessKeyReader,
        AccessKeyRights,
        AccessKeySource,
        AccessKeyTurns,
        AccountKeys,
        AccountLinks,
        AuthCalls,
        KeyHolders,
        AccessKeyRota,
        AccessKeysStore,
        AccountRights,
        AccountTokens,
        AccountsStore,
        AuthMetrics,
        AuthorizeRpc,
        AuthorizeService,
        CallBudget,
        ConnectionCredentials,
        Database,
        IdentifyService,
        Inquiries,
        KeyMetrics,
        KeyReader,
        LinkRoutes,
        LinkServer,
        LinkService,
        PrimaryOracle,
        RedisLink,
        RelayCredentials,
        SelectedRepositories,
        Sentences,
        SessionsStore,
        TokensStore,
        VerdictsStore,
      ],
    };
  }
}
