import type { DynamicModule } from '@nestjs/common';
import type { LfsConfig } from './config.js';
import { knowledgeProviders } from './knowledge-providers.js';
import { objectProviders } from './object-providers.js';
import { LFS_CONFIG } from './tokens.js';

export function lfsModule(config: LfsConfig): DynamicModule {
  return {
    module: LfsModule,
    providers: [
      { provide: LFS_CONFIG, useValue: config },
      ...objectProviders(config),
      ...knowledgeProviders(config),
    ],
  };
}

export class LfsModule {}
