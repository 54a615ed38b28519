import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import { HealthChecks } from '@antipode/service-kit';
import type { LfsConfig } from './config.js';
import { LFS_CONFIG } from './tokens.js';

/** The place where this node keeps LFS objects. */
@Injectable()
export class ObjectDirectory implements OnApplicationBootstrap {
  readonly path: string;

  constructor(
    @Inject(LFS_CONFIG) config: LfsConfig,
    @Inject(HealthChecks) private readonly health: HealthChecks,
  ) {
    this.path = join(config.ANTIPODE_DATA, 'lfs');
  }

  /** @throws AntipodeError `internal` where the directory cannot be made. */
  async onApplicationBootstrap(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true });
    } catch (error) {
      throw new AntipodeError(
        'internal',
        'making the object directory',
        { path: this.path },
        { cause: error, hint: `Cannot write to ${this.path}.` },
      );
    }
    this.health.add('object-directory', () => access(this.path, constants.W_OK));
  }
}
