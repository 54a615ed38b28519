export { loadConfig, opsSettings, type OpsConfig } from './config.js';
export { HealthChecks, type HealthCheck } from './health.js';
export { createLogger, type Logger } from './logger.js';
export { LOGGER, runService, type ServiceOptions } from './run-service.js';
export { currentTraceparent, withTraceparent } from './trace-context.js';
