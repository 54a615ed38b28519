export { holdLock, type HoldLock } from './hold-lock.js';
export { migrate, NO_FILTERS, type Migrate } from './migrate.js';
export { Migration, type MigrationOptions } from './migration.js';
export { openPool, type OpenPool } from './open-pool.js';
export { openSchemaEngine } from './schema-engine.js';
export { schemaOptions } from './schema-options.js';
export { openSecret, sealSecret } from './secret-box.js';
