import type { Provider } from '@nestjs/common';
import { createPrimary } from '@antipode/primary';
import { DownloadBatch } from './batch/download-batch.js';
import { OurLinks } from './batch/our-links.js';
import { UploadBatch } from './batch/upload-batch.js';
import type { LfsConfig } from './config.js';
import { Database } from './database/database.js';
import { BringObject } from './fill/bring-object.js';
import { Claims } from './fill/claims.js';
import { DueRepositories } from './fill/due-repositories.js';
import { FillBatch } from './fill/fill-batch.js';
import { FillProgress } from './fill/fill-progress.js';
import { FillService } from './fill/fill.service.js';
import { CollectionService } from './housekeeping/collection.service.js';
import { DepartedStore } from './housekeeping/departed.store.js';
import { Departures } from './housekeeping/departures.js';
import { InventoryService } from './housekeeping/inventory.service.js';
import { ScrubService } from './housekeeping/scrub.service.js';
import { BelongingsStore } from './knowledge/belongings.store.js';
import { ConnectionQuestions } from './knowledge/connection-questions.js';
import { KnowledgeService } from './knowledge/knowledge.service.js';
import { Links } from './knowledge/links.js';
import { MovedRepositories } from './knowledge/moved-repositories.js';
import { News } from './knowledge/news.js';
import { Offers } from './knowledge/offers.js';
import { PrimaryQuestions } from './knowledge/primary-questions.js';
import { RememberedLinks } from './knowledge/remembered-links.js';
import { StoredStore } from './knowledge/stored.store.js';
import { UploadProofs } from './knowledge/upload-proofs.js';
import { WantedStore } from './knowledge/wanted.store.js';
import { LfsServer } from './lfs.server.js';
import { KNOWLEDGE } from './objects/objects.js';
import { LfsReportsService } from './registry/lfs-reports.service.js';
import { RegistryClient } from './registry/registry-client.js';
import { SelectedRepositories } from './registry/selected-repositories.js';
import { LfsCalls } from './rpc/lfs-calls.js';
import { PRIMARY } from './tokens.js';

/** Everything that knows whose objects are whose and where they are. */
export const knowledgeProviders = (config: LfsConfig): Provider[] => [
  { provide: PRIMARY, useFactory: () => createPrimary(config) },
  { provide: KNOWLEDGE, useExisting: KnowledgeService },
  BelongingsStore,
  BringObject,
  Claims,
  CollectionService,
  ConnectionQuestions,
  Database,
  DepartedStore,
  Departures,
  DownloadBatch,
  DueRepositories,
  FillBatch,
  FillProgress,
  FillService,
  InventoryService,
  KnowledgeService,
  LfsCalls,
  LfsReportsService,
  LfsServer,
  Links,
  MovedRepositories,
  News,
  Offers,
  OurLinks,
  PrimaryQuestions,
  RegistryClient,
  RememberedLinks,
  ScrubService,
  SelectedRepositories,
  StoredStore,
  UploadBatch,
  UploadProofs,
  WantedStore,
];
