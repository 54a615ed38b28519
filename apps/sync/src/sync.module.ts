import { join, resolve } from 'node:path';
import { Module, type DynamicModule } from '@nestjs/common';
import { Agent } from 'undici';
import { lfs, registry } from '@antipode/contracts';
import { MirrorDisk, MirrorWriter } from '@antipode/mirror-disk';
import { createPrimary } from '@antipode/primary';
import { openClient, RepositoryTable } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type SyncConfig } from './config.js';
import { JobHandlers } from './jobs/job-handlers.js';
import { SyncQueues } from './jobs/sync-queues.js';
import { WorkersService } from './jobs/workers.service.js';
import { CatchUpService } from './lfs/catch-up.service.js';
import { LFS, LfsClientService } from './lfs/lfs-client.service.js';
import { MaintenanceService } from './maintenance/maintenance.service.js';
import { MirrorsService } from './mirrors/mirrors.service.js';
import { describeSurroundings, SURROUNDINGS } from './mirrors/surroundings.js';
import { ConnectionService, REGISTRY } from './primary/connection.service.js';
import { AGENT, PRIMARY, PrimaryService } from './primary/primary.service.js';
import { RunObserver } from './reports/run-observer.js';
import { RunReportsService } from './reports/run-reports.service.js';
import { SyncGauges } from './reports/sync-gauges.js';
import { SyncMetrics } from './reports/sync-metrics.js';
import { SyncReportsService } from './reports/sync-reports.service.js';
import { SyncRpc } from './rpc/sync.rpc.js';
import { ComparisonService } from './schedule/comparison.service.js';
import { SelectionService } from './schedule/selection.service.js';
import { SyncStart } from './sync-start.js';
import { VerificationService } from './verification/verification.service.js';

const openAgent = (config: SyncConfig): Agent =>
  new Agent({
    connections: config.PRIMARY_CONNECTIONS,
    headersTimeout: config.PRIMARY_TIMEOUT_SECONDS * 1000,
    // Between two pieces of an answer; a long list of refs may take longer in all.
    bodyTimeout: config.PRIMARY_TIMEOUT_SECONDS * 1000,
    connect: { timeout: config.PRIMARY_TIMEOUT_SECONDS * 1000 },
    keepAliveTimeout: 30_000,
  });

const openTable = (
  config: SyncConfig,
  client: registry.RegistryServiceClient,
  logger: Logger,
): RepositoryTable =>
  new RepositoryTable({
    client,
    node: config.ANTIPODE_NODE,
    file: join(config.ANTIPODE_DATA, 'state', 'sync-repositories.json'),
    onLost: (error) => logger.warn({ err: error }, 'lost the registry; going on with what is known'),
  });

/** Wiring, and nothing else. */
@Module({})
export class SyncModule {
  static with(config: SyncConfig): DynamicModule {
    const disk = new MirrorDisk(resolve(config.ANTIPODE_DATA, 'repositories'));
    return {
      module: SyncModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: MirrorWriter, useFactory: () => new MirrorWriter(disk) },
        { provide: PRIMARY, useFactory: () => createPrimary(config) },
        { provide: AGENT, useFactory: () => openAgent(config) },
        {
          provide: REGISTRY,
          useFactory: () => openClient(registry.RegistryServiceClient, config.REGISTRY_GRPC, config),
        },
        {
          provide: LFS,
          useFactory: () => openClient(lfs.LfsServiceClient, config.LFS_GRPC, config),
        },
        {
          provide: SURROUNDINGS,
          useFactory: (
            writer: MirrorWriter,
            primary: PrimaryService,
            observer: RunObserver,
            files: LfsClientService,
          ) => describeSurroundings(config, { writer, primary, observer, files }),
          inject: [MirrorWriter, PrimaryService, RunObserver, LfsClientService],
        },
        {
          provide: RepositoryTable,
          useFactory: (client: registry.RegistryServiceClient, logger: Logger) =>
            openTable(config, client, logger),
          inject: [REGISTRY, LOGGER],
        },
        CatchUpService,
        ComparisonService,
        ConnectionService,
        JobHandlers,
        LfsClientService,
        MaintenanceService,
        MirrorsService,
        PrimaryService,
        RunObserver,
        RunReportsService,
        SelectionService,
        SyncGauges,
        SyncMetrics,
        SyncQueues,
        SyncReportsService,
        SyncRpc,
        SyncStart,
        VerificationService,
        WorkersService,
      ],
    };
  }
}
