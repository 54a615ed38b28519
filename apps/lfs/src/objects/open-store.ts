import { access, constants } from 'node:fs/promises';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { BlobStore } from '@antipode/blob-store';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import type { HealthChecks, Logger } from '@antipode/service-kit';
import type { Arrivals } from './arrivals.js';
import type { StorageClient } from './storage-client.js';

export interface OpenStoreOptions {
  readonly store: BlobStore;
  readonly arrivals: Arrivals;
  readonly storage: StorageClient;
  readonly health: HealthChecks;
  readonly logger: Logger;
}

/** The place for objects, open while the service is. */
export class OpenStore implements OnModuleInit, OnApplicationShutdown {
  constructor(private readonly options: OpenStoreOptions) {}

  /** @throws AntipodeError `internal` where the directory cannot be made; a bucket that is away may come back. */
  async onModuleInit(): Promise<void> {
    const { store, health, logger } = this.options;
    try {
      await store.open();
    } catch (error) {
      if (!isAntipodeError(error) || error.code !== 'service_unavailable') throw cannotWrite(store, error);
      logger.warn({ err: error }, 'the store for objects is away; passing through meanwhile');
    }
    health.add('object-directory', () => access(store.incomingFolder, constants.W_OK));
  }

  async onApplicationShutdown(): Promise<void> {
    const { store, arrivals, storage } = this.options;
    arrivals.close();
    await storage.close();
    await store.close();
  }
}

const cannotWrite = ({ incomingFolder: path }: BlobStore, cause: unknown): AntipodeError =>
  new AntipodeError(
    'internal',
    'opening the place for objects',
    { path },
    { cause, hint: `Cannot use ${path}.` },
  );
