import { FindRepository } from './find-repository.js';
import { MirroringController } from './mirroring.controller.js';
import { OutsideStatusController, UnknownRestController } from './outside.controller.js';
import { SupportController } from './support.controller.js';
import { SyncStatus } from './sync-status.js';
import { UpstreamController } from './upstream.controller.js';

/** In this order: the last one's is what none of the others has. */
export const DATA_CENTER_CONTROLLERS = [
  MirroringController,
  UpstreamController,
  SupportController,
  OutsideStatusController,
  UnknownRestController,
];
export const DATA_CENTER_PROVIDERS = [FindRepository, SyncStatus];
