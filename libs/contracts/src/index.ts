export * as auth from './generated/antipode/auth/v1/auth.js';
export * as lfs from './generated/antipode/lfs/v1/lfs.js';
export * as registry from './generated/antipode/registry/v1/registry.js';
export * as sync from './generated/antipode/sync/v1/sync.js';
