import 'reflect-metadata';
import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { isAntipodeError } from '@antipode/errors';
import type { OpsConfig } from './config.js';
import { HealthChecks } from './health.js';
import { createLogger, type Logger } from './logger.js';
import { NestLogger } from './nest-logger.js';
import { startOpsServer } from './ops-server.js';
import { startTelemetry } from './telemetry.js';

/** Injection token of the service's logger. */
export const LOGGER = Symbol('LOGGER');

export interface ServiceOptions<Config extends OpsConfig> {
  /** The app's folder name, such as "edge". */
  readonly service: string;
  readonly readConfig: () => Config;
  /** The app's module, made with its settings. */
  readonly module: (config: Config) => DynamicModule;
  /** Makes the Nest application where the app wants more than a context (the registry's REST). */
  readonly create?: (
    module: DynamicModule,
    logger: NestLogger,
    config: Config,
  ) => Promise<INestApplicationContext>;
}

/**
 * The whole life of a service process: settings, telemetry, Nest, the ops port, and a graceful end on
 * SIGTERM, SIGINT or (under a supervisor) when stdin closes.
 *
 * Parts take part by Nest's hooks: `onApplicationBootstrap` to open ports, `beforeApplicationShutdown` to
 * finish what runs, `onApplicationShutdown` to let go. `HealthChecks` and `LOGGER` can be injected anywhere.
 */
export async function runService<Config extends OpsConfig>(options: ServiceOptions<Config>): Promise<void> {
  let logger = createLogger({ service: options.service, node: 'unknown', level: 'info' });
  try {
    const config = options.readConfig();
    logger = createLogger({ service: options.service, node: config.ANTIPODE_NODE, level: config.LOG_LEVEL });
    await start(options, config, logger);
  } catch (error) {
    const hint = isAntipodeError(error) ? error.hint : undefined;
    logger.fatal({ err: error }, hint ?? 'could not start');
    process.exitCode = 1;
    // Half-started parts (open sockets, timers) must not keep a dead service alive.
    setTimeout(() => process.exit(1), 500).unref();
  }
}

async function start<Config extends OpsConfig>(
  options: ServiceOptions<Config>,
  config: Config,
  logger: Logger,
): Promise<void> {
  const telemetry = startTelemetry({
    service: options.service,
    node: config.ANTIPODE_NODE,
    otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
  });
  const health = new HealthChecks();
  const ops = await startOpsServer({ host: config.OPS_HOST, port: config.OPS_PORT, health, telemetry });
  // Until the parts have opened their ports, nobody must think that they have.
  let started = false;
  health.add('started', () => {
    if (!started) throw new Error('still starting');
  });
  const nestLogger = new NestLogger(logger);
  const module = withKit(options.module(config), { logger, health });
  const app = options.create
    ? await options.create(module, nestLogger, config)
    : await NestFactory.createApplicationContext(module, { logger: nestLogger, abortOnError: false });
  started = true;
  logger.info({ ops_port: (ops.address() as { port: number } | null)?.port }, 'ready');
  whenAskedToEnd(config, (reason) => {
    logger.info({ reason }, 'shutting down');
    health.drain();
    // One stuck part must not keep the process; streams had their time.
    setTimeout(() => process.exit(1), config.SHUTDOWN_SECONDS * 1000 + 2000).unref();
    void app
      .close()
      .then(() => telemetry.stop())
      .catch((error: unknown) => logger.error({ err: error }, 'shutting down'))
      .finally(() => process.exit(0));
  });
}

/** Calls `end` once, for the first of: SIGTERM, SIGINT, the supervisor's pipe closing. */
function whenAskedToEnd(config: OpsConfig, end: (reason: string) => void): void {
  let ended = false;
  const once = (reason: string) => (): void => {
    if (ended) return;
    ended = true;
    end(reason);
  };
  process.on('SIGTERM', once('SIGTERM'));
  process.on('SIGINT', once('SIGINT'));
  if (config.ANTIPODE_SUPERVISED === '1') {
    process.stdin.resume();
    process.stdin.on('end', once('supervisor gone'));
    process.stdin.on('error', once('supervisor gone'));
  }
}

function withKit(app: DynamicModule, kit: { logger: Logger; health: HealthChecks }): DynamicModule {
  const provided = [
    { provide: LOGGER, useValue: kit.logger },
    { provide: HealthChecks, useValue: kit.health },
  ];
  class KitModule {}
  class RootModule {}
  Module({})(KitModule as Type);
  Module({})(RootModule as Type);
  return {
    module: RootModule,
    imports: [{ module: KitModule, global: true, providers: provided, exports: provided }, app],
  };
}
