import { runService } from '@antipode/service-kit';
import { readConfig } from './config.js';
import { edgeModule } from './edge.module.js';

await runService({ service: 'edge', readConfig, module: edgeModule });
