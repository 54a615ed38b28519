import { runService } from '@antipode/service-kit';
import { readConfig } from './config.js';
import { SyncModule } from './sync.module.js';

await runService({ service: 'sync', readConfig, module: (config) => SyncModule.with(config) });
