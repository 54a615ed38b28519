import { runService } from '@antipode/service-kit';
import { readConfig } from './config.js';
import { createApplication } from './create-application.js';
import { RegistryModule } from './registry.module.js';

await runService({
  service: 'registry',
  readConfig: () => readConfig(),
  module: (config) => RegistryModule.with(config),
  create: createApplication,
});
