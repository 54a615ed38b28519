import type { DynamicModule, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { IncomingMessage } from 'node:http';
import { migrateRegistry } from './database/migrate-registry.js';
import type { RegistryConfig } from './config.js';
import { createDocument } from './rest/openapi.js';
import { ApiDocument } from './rest/openapi.controller.js';

const LONGEST_JSON = '256kb';
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;

/** The registry, listening: migrated database, REST, webhooks, gRPC. */
export async function createApplication(
  module: DynamicModule,
  logger: LoggerService,
  config: RegistryConfig,
): Promise<NestExpressApplication> {
  await migrateRegistry(config.DATABASE_URL);
  const app = await NestFactory.create<NestExpressApplication>(module, {
    logger,
    abortOnError: false,
    bodyParser: false,
  });
  app.useBodyParser('json', { limit: LONGEST_JSON, strict: true, type: isJsonForTheApi });
  app.disable('x-powered-by');
  app.disable('etag');
  app.get(ApiDocument).value = createDocument(app);
  const server = await app.listen(config.HTTP_PORT, config.HTTP_HOST);
  Object.assign(server, { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS });
  return app;
}

/**
 * Webhooks are read by hand: a signature is over the bytes as they came. A body of any other type is none: another site's
 * form could be made to look like JSON.
 */
const isJsonForTheApi = ({ url = '', headers }: IncomingMessage): boolean =>
  url.startsWith('/-/api/') && /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '');
