import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ACTIVITY_CONTROLLERS, ACTIVITY_PROVIDERS } from './activity/activity.providers.js';
import { AccountConnection } from './connection/account-connection.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditLog } from './audit/audit-log.js';
import { AuditStore } from './audit/audit.store.js';
import { CONFIG, type RegistryConfig } from './config.js';
import { ConnectRule } from './connection/connect-rule.js';
import { ConnectService } from './connection/connect.service.js';
import { ConnectionController } from './connection/connection.controller.js';
import { ConnectionLife } from './connection/connection-life.js';
import { ConnectionPhases } from './connection/connection-phases.js';
import { ConnectionService } from './connection/connection.service.js';
import { ConnectionView } from './connection/connection-view.js';
import { ConnectionStore } from './connection/connection.store.js';
import { LentAccountTokens } from './connection/lent-account-tokens.js';
import { MirroredData } from './connection/mirrored-data.js';
import { PrimaryAnswers } from './connection/primary-answers.js';
import { primaryProvider } from './connection/primary.provider.js';
import { DATA_CENTER_CONTROLLERS, DATA_CENTER_PROVIDERS } from './data-center/data-center.providers.js';
import { ChangeListener } from './database/change-listener.js';
import { Database } from './database/database.js';
import { ConfiguredRepositories } from './discovery/configured-repositories.js';
import { DiscoveryService } from './discovery/discovery.service.js';
import { Removals } from './discovery/removals.js';
import { Sweep } from './discovery/sweep.js';
import { RemovalsController } from './discovery/removals.controller.js';
import { SweepRound } from './discovery/sweep-round.js';
import { SweepTimes } from './discovery/sweep-times.js';
import { TakeNews } from './discovery/take-news.js';
import { OUTGOING_CONTROLLERS, OUTGOING_PROVIDERS } from './outgoing/outgoing.providers.js';
import { PAGES_CONTROLLERS, PAGES_PROVIDERS } from './pages/pages.providers.js';
import { PEOPLE_PROVIDERS } from './people/people.providers.js';
import { ProjectPolicies } from './projects/project-policies.service.js';
import { ProjectPoliciesStore } from './projects/project-policies.store.js';
import { ProjectsController } from './projects/projects.controller.js';
import { EVENTS_CONTROLLERS, EVENTS_PROVIDERS } from './events/events.providers.js';
import { LfsReports } from './lfs-states/lfs-reports.js';
import { LfsStatesStore } from './lfs-states/lfs-states.store.js';
import { NodeReports } from './rpc/node-reports.js';
import { ProjectsService } from './projects/projects.service.js';
import { RegistryCalls } from './rpc/registry-calls.js';
import { RegistryRpc } from './rpc/registry.rpc.js';
import { ListRepositories } from './repositories/list-repositories.js';
import { MirroredRepositories } from './repositories/mirrored-repositories.js';
import { PublicRepositories } from './repositories/public-repositories.js';
import { PublicRepositoriesController } from './repositories/public-repositories.controller.js';
import { RepositoriesController } from './repositories/repositories.controller.js';
import { RepositoriesStore } from './repositories/repositories.store.js';
import { RepositoryFeed } from './repositories/repository-feed.js';
import { RepositoryStates } from './repositories/repository-states.js';
import { ApiDocument, OpenApiController } from './rest/openapi.controller.js';
import { MirrorStatus } from './rest/mirror-status.js';
import { Neighbours } from './rest/neighbours.js';
import { ProblemFilter } from './rest/problem.filter.js';
import { ServiceHealth } from './rest/service-health.js';
import { StatusController } from './rest/status.controller.js';
import { SelectionChanges } from './selection/selection-change.js';
import { SelectionController } from './selection/selection.controller.js';
import { SelectionService } from './selection/selection.service.js';
import { SelectionStore } from './selection/selection.store.js';
import { SelectionWriter } from './selection/selection-writer.js';
import { SIBLINGS_CONTROLLERS, SIBLINGS_PROVIDERS } from './siblings/siblings.providers.js';
import { NodesStore } from './sync-states/nodes.store.js';
import { SyncReports } from './sync-states/sync-reports.js';
import { RepairsController } from './sync-states/repairs.controller.js';
import { RepairRequests } from './sync-states/repair-requests.js';
import { SyncRequests } from './sync-states/sync-requests.js';
import { SyncStatesStore } from './sync-states/sync-states.store.js';
import { DeliveriesStore } from './webhooks/deliveries.store.js';
import { DeliveryHandler } from './webhooks/delivery-handler.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';
import { WebhookSubscription } from './webhooks/webhook-subscription.js';

const CONTROLLERS = [
  ...ACTIVITY_CONTROLLERS,
  ...DATA_CENTER_CONTROLLERS,
  ...EVENTS_CONTROLLERS,
  ...OUTGOING_CONTROLLERS,
  ...SIBLINGS_CONTROLLERS,
  AuditController,
  ConnectionController,
  OpenApiController,
  ProjectsController,
  PublicRepositoriesController,
  RemovalsController,
  RepairsController,
  RepositoriesController,
  SelectionController,
  StatusController,
  WebhooksController,
  // Last: theirs is whatever nobody else has.
  ...PAGES_CONTROLLERS,
];

const PROVIDERS = [
  { provide: APP_FILTER, useClass: ProblemFilter },
  ...ACTIVITY_PROVIDERS,
  ...DATA_CENTER_PROVIDERS,
  ...EVENTS_PROVIDERS,
  ...OUTGOING_PROVIDERS,
  ...PAGES_PROVIDERS,
  ...PEOPLE_PROVIDERS,
  ...SIBLINGS_PROVIDERS,
  primaryProvider,
  AccountConnection,
  ApiDocument,
  AuditLog,
  AuditStore,
  ChangeListener,
  ConfiguredRepositories,
  ConnectRule,
  ConnectService,
  ConnectionLife,
  ConnectionPhases,
  ConnectionService,
  ConnectionStore,
  ConnectionView,
  Database,
  DeliveriesStore,
  DeliveryHandler,
  DiscoveryService,
  LentAccountTokens,
  LfsReports,
  LfsStatesStore,
  ListRepositories,
  MirroredData,
  MirroredRepositories,
  MirrorStatus,
  Neighbours,
  PrimaryAnswers,
  PublicRepositories,
  NodeReports,
  NodesStore,
  ProjectPolicies,
  ProjectPoliciesStore,
  ProjectsService,
  RegistryCalls,
  RegistryRpc,
  Removals,
  RepositoriesStore,
  RepositoryFeed,
  RepositoryStates,
  SelectionChanges,
  SelectionService,
  SelectionStore,
  SelectionWriter,
  ServiceHealth,
  Sweep,
  SweepRound,
  SweepTimes,
  SyncReports,
  RepairRequests,
  SyncRequests,
  SyncStatesStore,
  TakeNews,
  WebhookSubscription,
];

@Module({})
export class RegistryModule {
  static with(config: RegistryConfig): DynamicModule {
    return {
      module: RegistryModule,
      controllers: CONTROLLERS,
      providers: [{ provide: CONFIG, useValue: config }, ...PROVIDERS],
    };
  }
}
