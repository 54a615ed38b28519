import { access, constants } from 'node:fs/promises';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { BlobStore } from '@antipode/blob-store';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import type { HealthChecks, Logger } from '@antipode/service-kit';
import { Rounds } from '../housekeeping/rounds.js';
import type { Arrivals } from './arrivals.js';
import type { StorageClient } from './storage-client.js';

export interface OpenStoreOptions {
  readonly store: BlobStore;
  readonly arrivals: Arrivals;
  readonly storage: StorageClient;
  readonly health: HealthChecks;
  readonly logger: Logger;
  readonly sweepEveryMs: number;
}

/** The place for objects, open while the service is. */
export class OpenStore implements OnModuleInit, OnApplicationShutdown {
  private readonly sweeping: Rounds;

  constructor(private readonly options: OpenStoreOptions) {
    const { store, logger, sweepEveryMs } = options;
    this.sweeping = new Rounds({
      doing: 'sweeping what was left half-way',
      logger,
      troubleMs: sweepEveryMs,
      round: async () => {
        await store.sweep();
        return sweepEveryMs;
      },
    });
  }

  /** @throws AntipodeError `internal` where the directory cannot be made; a bucket that is away may come back. */
  async onModuleInit(): Promise<void> {
    const { store, health, logger, sweepEveryMs } = this.options;
    try {
      await store.open();
    } catch (error) {
      if (!isAntipodeError(error) || error.code !== 'service_unavailable') throw cannotWrite(store, error);
      logger.warn({ err: error }, 'the store for objects is away; passing through meanwhile');
    }
    health.add('object-directory', () => access(store.incomingFolder, constants.W_OK));
    this.sweeping.start(sweepEveryMs);
  }

  async onApplicationShutdown(): Promise<void> {
    const { store, arrivals, storage } = this.options;
    await this.sweeping.end();
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
