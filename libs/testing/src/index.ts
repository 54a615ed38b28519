export { Child } from './child.js';
export { eventually } from './eventually.js';
export { freePort } from './free-port.js';
export { startPostgres, type RunningPostgres } from './start-postgres.js';
export { startRedis, type RunningRedis } from './start-redis.js';
