import { runService } from '@antipode/service-kit';
import { readConfig } from './config.js';
import { lfsModule } from './lfs.module.js';

void runService({ service: 'lfs', readConfig, module: lfsModule });
