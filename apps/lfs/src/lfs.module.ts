import type { DynamicModule } from '@nestjs/common';
import type { LfsConfig } from './config.js';
import { LfsServer } from './lfs.server.js';
import { ObjectDirectory } from './object-directory.js';
import { LFS_CONFIG } from './tokens.js';

export function lfsModule(config: LfsConfig): DynamicModule {
  return {
    module: LfsModule,
    providers: [{ provide: LFS_CONFIG, useValue: config }, ObjectDirectory, LfsServer],
  };
}

export class LfsModule {}
