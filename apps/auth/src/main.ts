import { runService } from '@antipode/service-kit';
import { AuthModule } from './auth.module.js';
import { readConfig } from './config.js';

await runService({ service: 'auth', readConfig, module: (config) => AuthModule.with(config) });
