export { startPostgres, type PostgresOptions } from './postgres.js';
export type { RunningPostgres } from './running.js';
export { removeOrphans } from './test-servers.js';
export { DevServiceError, type DevServiceErrorCode } from './errors.js';
